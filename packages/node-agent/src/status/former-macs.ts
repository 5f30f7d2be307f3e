import type { Segment } from '../plan/types.ts';

/** So long a former MAC address is told: frames from it were ours. */
const KEPT_MS = 86_400_000;
/** The CRD's bound. */
const MOST = 16;

/** MAC addresses that local interfaces had, for peers that still have them in their caches. Time is passed in. */
export class FormerMACs {
  readonly #seen = new Map<string, Map<string, number>>();

  /** The interfaces as they are now. */
  observe(segments: readonly Segment[], nowMs: number): void {
    for (const { name, mac } of segments) {
      const seen = this.#seen.get(name) ?? new Map<string, number>();
      seen.set(mac, nowMs);
      for (const [old, last] of seen) {
        if (nowMs - last > KEPT_MS) {
          seen.delete(old);
        }
      }
      this.#seen.set(name, seen);
    }
  }

  /** By interface, without the present one; interfaces that always had the same are left out. */
  former(segments: readonly Segment[]): ReadonlyMap<string, readonly string[]> {
    const found = new Map<string, readonly string[]>();
    for (const { name, mac } of segments) {
      const former = [...(this.#seen.get(name)?.keys() ?? [])].filter((each) => each !== mac).slice(-MOST);
      if (former.length > 0) {
        found.set(name, former);
      }
    }
    return found;
  }
}
