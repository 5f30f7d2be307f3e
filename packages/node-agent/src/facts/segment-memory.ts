import type { IPFamily } from '@fairlead/api';
import type { Segment } from '../plan/types.ts';

/**
 * For so long an interface that lost its own addresses or its default route keeps its part: a renewed DHCP lease, a
 * restarted network daemon or a netplan apply takes them away for a moment, and an address of ours that was withdrawn in
 * that moment would have been an outage of our own making.
 */
export const SEGMENT_GRACE_MS = 10_000;

const FAMILIES: readonly IPFamily[] = ['IPv4', 'IPv6'];

interface Remembered {
  readonly segment: Segment;
  /** When the family's part was last there, by family. */
  readonly seen: ReadonlyMap<IPFamily, number>;
}

/** The local interfaces with a short memory: a family that vanished from one is still told for {@link SEGMENT_GRACE_MS}. */
export class SegmentMemory {
  #remembered = new Map<number, Remembered>();

  /**
   * @param current the interfaces as they are now
   * @param exists whether an interface of that index is there at all; one that is gone is forgotten at once
   * @returns what to go by, and when to ask again though nothing has happened (ms from now; undefined: not needed)
   */
  update(
    current: readonly Segment[],
    { exists, now }: { readonly exists: (index: number) => boolean; readonly now: number },
  ): { readonly segments: readonly Segment[]; readonly againMs: number | undefined } {
    const next = new Map<number, Remembered>();
    let againMs: number | undefined;
    const fresh = new Map(current.map((segment) => [segment.index, segment]));
    for (const index of new Set([...fresh.keys(), ...this.#remembered.keys()])) {
      const before = this.#remembered.get(index);
      let segment = fresh.get(index);
      const seen = new Map<IPFamily, number>();
      for (const family of FAMILIES) {
        const last = before?.seen.get(family);
        if (segment !== undefined && has(segment, family)) {
          seen.set(family, now);
        } else if (before !== undefined && last !== undefined && exists(index) && now - last < SEGMENT_GRACE_MS) {
          seen.set(family, last);
          segment = withFamily(segment, before.segment, family);
          againMs = Math.min(againMs ?? Infinity, last + SEGMENT_GRACE_MS - now);
        }
      }
      if (segment !== undefined && seen.size > 0) {
        next.set(index, { segment, seen });
      }
    }
    this.#remembered = next;
    const segments = [...next.values()].map(({ segment }) => segment).sort((a, b) => a.index - b.index);
    return { segments, againMs };
  }
}

function has({ ownAddresses }: Segment, family: IPFamily): boolean {
  return ownAddresses.some(({ address }) => address.family === family);
}

/** The segment as it is with one family's part as it was. */
function withFamily(now: Segment | undefined, before: Segment, family: IPFamily): Segment {
  const of = <T>(list: readonly T[], familyOf: (item: T) => IPFamily): T[] =>
    list.filter((item) => familyOf(item) === family);
  const base: Segment = now ?? { ...before, defaultFor: [], subnets: [], ownAddresses: [], gateways: [] };
  return {
    ...base,
    defaultFor: [...new Set([...base.defaultFor, ...of(before.defaultFor, (each) => each)])],
    subnets: [...base.subnets, ...of(before.subnets, ({ address }) => address.family)],
    ownAddresses: [...base.ownAddresses, ...of(before.ownAddresses, ({ address }) => address.family)],
    gateways: [...base.gateways, ...of(before.gateways, (each) => each.family)],
  };
}
