import { formatAddress, lanName, parseDuration } from '@fairlead/api';
import type { Address, LBNodeAgentSpec } from '@fairlead/api';
import type { Netlink } from '@fairlead/netlink';
import type { Logger } from '@fairlead/runtime';
import { Renewal } from '../apply/renewal.ts';
import type { Timers } from '../apply/timers.ts';
import type {
  HeldAddress,
  Holder,
  HolderCounts,
  HolderEvent,
  HolderHooks,
  HolderSettings,
  LocalAddress,
  LocalSegment,
  Peer,
  ProxiedSubnet,
} from '../election/types.ts';
import { hostAddressKey } from '../facts/kernel-state.ts';
import { addressKey, addressOfKey } from '../plan/keys.ts';
import type { AddressKey } from '../plan/keys.ts';
import type { LocalCandidate } from '../plan/planner.ts';
import type { Segment } from '../plan/types.ts';
import type { KernelSide } from './kernel-side.ts';
import type { AgentMetrics } from './metrics.ts';

export interface LocalSideOptions {
  readonly netlink: Netlink;
  readonly kernel: KernelSide;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly metrics: Pick<AgentMetrics, 'holderEvent' | 'kernelOperations' | 'restored'>;
  /** Makes the holder of local addresses. */
  readonly createHolder: (hooks: HolderHooks) => Holder;
  /** The settings that hold now. */
  readonly spec: () => LBNodeAgentSpec;
  /** Addresses of ours were put on an interface or taken off. Must not throw, all of them. */
  readonly changed: () => void;
  /** {@link LocalSide.proxied} is another one. */
  readonly proxiedChanged: () => void;
  /** Something happened to a local address. */
  readonly event: (event: HolderEvent) => void;
  /** Others removed a local address that is to be there. */
  readonly removed: (address: Address) => void;
}

/** Everything that the holder goes by, but for the candidates. */
export interface LocalFacts {
  readonly ready: boolean;
  readonly remembered: boolean;
  readonly excluded: boolean;
  readonly segments: readonly Segment[];
  readonly peers: readonly Peer[];
  readonly spec: LBNodeAgentSpec;
}

/** The local addresses of this node: tells their holder what plan and kernel say, and does in the kernel what it decides. */
export class LocalSide {
  readonly #options: LocalSideOptions;
  readonly #holder: Holder;
  readonly #renewal: Renewal;
  /** What was there when an interface was first seen: the holder asks for it once. */
  readonly #adopted = new Map<number, readonly Address[]>();
  /** As it was last told, and whether that was only remembered. */
  #addressLifetime = { text: '', remembered: true };

  constructor(options: LocalSideOptions) {
    this.#options = options;
    const { netlink, kernel, timers, logger, metrics } = options;
    this.#holder = options.createHolder(this.#hooks());
    this.#renewal = new Renewal({
      netlink,
      state: kernel.state,
      local: kernel.local,
      timers,
      logger,
      lifetimeMs: () => kernel.lifetimeMs,
      remembered: () => this.#addressLifetime.remembered,
      holds: (address) => this.#holder.holds(address),
      gone: (address) => {
        this.addressGone(address);
      },
      renewed: (count, failed) => {
        metrics.kernelOperations('renew', count, failed);
      },
    });
  }

  /** What is to be on the interfaces. */
  held(): readonly HeldAddress[] {
    return this.#holder.held();
  }

  /** Subnets on which nothing is taken, because a station answers for every address. */
  proxied(): readonly ProxiedSubnet[] {
    return this.#holder.proxied();
  }

  /** What the holder has counted. */
  counts(): HolderCounts {
    return this.#holder.counts();
  }

  /** Everything but the candidates, as it is now. */
  update({ ready, remembered, excluded, segments, peers, spec }: LocalFacts): void {
    const present = new Set(segments.map(({ index }) => index));
    for (const index of this.#adopted.keys()) {
      if (!present.has(index)) {
        this.#adopted.delete(index);
      }
    }
    this.#holder.update({
      ready,
      remembered,
      excluded,
      segments: segments.map((segment) => this.#segment(segment)),
      peers,
      settings: settingsOf(spec),
    });
    const before = this.#addressLifetime;
    if (spec.addressLifetime !== before.text || remembered !== before.remembered) {
      this.#addressLifetime = { text: spec.addressLifetime, remembered };
      this.#renewal.soon();
    }
  }

  /** Frames of an interface may go another way than before: others have to hear of what this node has. */
  rewired(index: number): void {
    this.#holder.rewired(index);
  }

  /** Candidates that came, changed or went. */
  candidates(keys: Iterable<AddressKey>, candidateOf: (key: AddressKey) => LocalCandidate | undefined): void {
    for (const key of keys) {
      const candidate = candidateOf(key);
      if (candidate === undefined) {
        this.#holder.removeCandidate(addressOfKey(key));
      } else {
        this.#holder.setCandidate(candidate);
      }
    }
  }

  /** The kernel no longer has a local address, and it was not we who removed it. */
  addressGone(address: LocalAddress): void {
    if (this.#holder.holds(address)) {
      const { kernel, metrics, timers, removed } = this.#options;
      const name = kernel.state.links.get(address.interfaceIndex)?.name ?? `interface ${address.interfaceIndex}`;
      metrics.restored('address');
      kernel.limiter.removed(`${formatAddress(address.address)} of ${name}`, timers.now());
      removed(address.address);
      this.#holder.addressGone(address);
    }
  }

  /** The kernel was read anew: finds what was lost, and what moved before the node's own addresses, without an event. */
  compareAll(): void {
    const { state } = this.#options.kernel;
    const interfaces = new Set<number>();
    for (const { address, interfaceIndex } of this.#holder.held()) {
      interfaces.add(interfaceIndex);
      if (state.ourAddress(hostAddressKey(interfaceIndex, addressKey(address))) === undefined) {
        this.addressGone({ address, interfaceIndex });
      }
    }
    for (const index of interfaces) {
      void this.putBehindOwn(index);
    }
  }

  /** The node's own addresses on an interface changed: ours stand behind them again, where it has any. */
  async putBehindOwn(index: number): Promise<void> {
    if (!this.#holder.held().some(({ interfaceIndex }) => interfaceIndex === index)) {
      return;
    }
    const { kernel, logger } = this.#options;
    try {
      for (const lost of await kernel.local.putBehindOwn(index)) {
        this.addressGone(lost);
      }
    } catch (error) {
      logger.warn("Local addresses may stand before the node's own", { interface: index, error });
    }
  }

  /**
   * Removes what a past life left where nobody looks after it: our addresses on interfaces that are neither local nor the
   * one for virtual addresses. Never rejects.
   */
  async collect(segments: readonly Segment[]): Promise<void> {
    const { logger } = this.#options;
    try {
      await this.#collect(segments);
    } catch (error) {
      logger.warn('What a past life left cannot be removed; it is tried again', { error });
    }
  }

  /** Stops; the kernel keeps what it has. */
  async close(): Promise<void> {
    this.#renewal.close();
    await this.#holder.close();
  }

  #hooks(): HolderHooks {
    const { kernel, netlink, metrics, changed, event, proxiedChanged } = this.#options;
    return {
      add: async (addresses) => {
        const there = await kernel.local.add(addresses);
        this.#renewal.added();
        changed();
        return there;
      },
      remove: async (addresses) => {
        const gone = await kernel.local.remove(addresses);
        changed();
        return gone;
      },
      event: (happened) => {
        metrics.holderEvent(happened);
        event(happened);
      },
      proxiedChanged,
      readKernel: () => {
        netlink.drained();
      },
    };
  }

  async #collect(segments: readonly Segment[]): Promise<void> {
    const { kernel, logger } = this.#options;
    const kept = new Set([...segments.map(({ index }) => index), kernel.dummy.index, ...kernel.virtual.formers]);
    const strays = [...kernel.state.ourAddresses].filter(({ index }) => !kept.has(index));
    if (strays.length > 0) {
      await kernel.local.remove(strays.map(({ address, index }) => ({ address, interfaceIndex: index })));
      for (const { index } of strays) {
        logger.info('Removed an address of ours that nothing here needs', { interface: index });
      }
    }
  }

  #segment(segment: Segment): LocalSegment {
    const { index, name, mac, carrier, subnets, ownAddresses, linkLocal, gateways } = segment;
    let adopted = this.#adopted.get(index);
    if (adopted === undefined) {
      adopted = [...this.#options.kernel.state.ourAddresses]
        .filter((each) => each.index === index)
        .map(({ address }) => address);
      this.#adopted.set(index, adopted);
      this.#renewal.soon();
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
