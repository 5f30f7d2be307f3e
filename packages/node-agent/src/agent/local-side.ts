import { lanName, parseDuration } from '@fairlead/api';
import type { Address, LBNodeAgentSpec } from '@fairlead/api';
import type { LocalAddresses } from '../apply/local-addresses.ts';
import type { Holder, HolderSettings, LocalSegment, Peer } from '../election/types.ts';
import type { KernelState } from '../facts/kernel-state.ts';
import { addressOfKey } from '../plan/keys.ts';
import type { AddressKey } from '../plan/keys.ts';
import type { LocalCandidate } from '../plan/planner.ts';
import type { Segment } from '../plan/types.ts';

export interface LocalSideOptions {
  readonly holder: Holder;
  readonly local: LocalAddresses;
  readonly state: KernelState;
  /** An address of ours on no interface that may have it was removed. */
  readonly collected: (address: Address, interfaceIndex: number) => void;
}

/** Everything that the holder goes by, but for the candidates. */
export interface LocalFacts {
  readonly ready: boolean;
  readonly excluded: boolean;
  readonly segments: readonly Segment[];
  readonly peers: readonly Peer[];
  readonly spec: LBNodeAgentSpec;
}

/** Tells the holder of local addresses what the plan and the kernel say. */
export class LocalSide {
  readonly #options: LocalSideOptions;
  /** What was there when an interface was first seen: the holder asks for it once. */
  readonly #adopted = new Map<number, readonly Address[]>();

  constructor(options: LocalSideOptions) {
    this.#options = options;
  }

  /** Everything but the candidates, as it is now. */
  update({ ready, excluded, segments, peers, spec }: LocalFacts): void {
    const present = new Set(segments.map(({ index }) => index));
    for (const index of this.#adopted.keys()) {
      if (!present.has(index)) {
        this.#adopted.delete(index);
      }
    }
    this.#options.holder.update({
      ready,
      excluded,
      segments: segments.map((segment) => this.#segment(segment)),
      peers,
      settings: settingsOf(spec),
    });
  }

  /** Candidates that came, changed or went. */
  candidates(keys: Iterable<AddressKey>, candidateOf: (key: AddressKey) => LocalCandidate | undefined): void {
    const { holder } = this.#options;
    for (const key of keys) {
      const candidate = candidateOf(key);
      if (candidate === undefined) {
        holder.removeCandidate(addressOfKey(key));
      } else {
        holder.setCandidate(candidate);
      }
    }
  }

  /**
   * Removes what a past life left where nobody looks after it: our addresses on interfaces that are neither local nor the
   * one for virtual addresses.
   */
  async collect(options: {
    readonly segments: readonly Segment[];
    readonly dummyIndex: number | undefined;
  }): Promise<void> {
    const kept = new Set([...options.segments.map(({ index }) => index), options.dummyIndex]);
    const strays = [...this.#options.state.ourAddresses].filter(({ index }) => !kept.has(index));
    if (strays.length > 0) {
      await this.#options.local.remove(strays.map(({ address, index }) => ({ address, interfaceIndex: index })));
      for (const { address, index } of strays) {
        this.#options.collected(address, index);
      }
    }
  }

  #segment(segment: Segment): LocalSegment {
    const { index, name, mac, carrier, subnets, ownAddresses, linkLocal, gateways } = segment;
    let adopted = this.#adopted.get(index);
    if (adopted === undefined) {
      adopted = [...this.#options.state.ourAddresses]
        .filter((each) => each.index === index)
        .map(({ address }) => address);
      this.#adopted.set(index, adopted);
    }
    return {
      interface: { index, name, mac },
      carrier,
      subnets,
      ownAddresses: [...ownAddresses.map(({ address }) => address), ...(linkLocal === undefined ? [] : [linkLocal])],
      gateways,
      lans: subnets.map(lanName),
      adopted,
    };
  }
}

/** The holder's part of an LBNodeAgent. */
export function settingsOf({ announcements, failover }: LBNodeAgentSpec): HolderSettings {
  return {
    announcements: { count: announcements.count, intervalMs: parseDuration(announcements.interval) },
    failover: { intervalMs: parseDuration(failover.interval), misses: failover.misses },
  };
}
