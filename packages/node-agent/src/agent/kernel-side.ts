import type { LBNodeAgentSpec, Router } from '@fairlead/api';
import { parseDuration } from '@fairlead/api';
import type { Netlink, NetlinkError } from '@fairlead/netlink';
import type { Logger } from '@fairlead/runtime';
import { DummyInterface } from '../apply/dummy-interface.ts';
import { systemIPv6Switch } from '../apply/ipv6-switch.ts';
import { graceTime } from '../apply/grace-time.ts';
import { LocalAddresses } from '../apply/local-addresses.ts';
import { sustainableLifetime } from '../apply/renewal.ts';
import { RestoreLimiter } from '../apply/restore-limiter.ts';
import type { Timers } from '../apply/timers.ts';
import { VirtualApplier } from '../apply/virtual-applier.ts';
import type { Restored } from '../apply/restoration.ts';
import type { KernelChange, KernelState } from '../facts/kernel-state.ts';
import { isDummy } from '../facts/ownership.ts';
import type { AddressMark } from '../facts/ownership.ts';
import type { Segment } from '../plan/types.ts';
import { KernelWatch } from './kernel-watch.ts';
import type { AgentMetrics } from './metrics.ts';

export interface KernelSideOptions {
  readonly netlink: Netlink;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly metrics: AgentMetrics;
  /** How addresses are marked as ours. */
  readonly mark: AddressMark;
  /** The settings that hold now. */
  readonly spec: () => LBNodeAgentSpec;
  /** The Router that selects this node, where one does. */
  readonly router: () => Router | undefined;
  /** Must not throw, all of them. */
  readonly changed: (change: KernelChange) => void;
  readonly readAnew: () => void;
  readonly restored: (restored: Restored) => void;
  readonly problem: () => void;
}

/** Everything between the plan and this node's kernel. */
export class KernelSide {
  readonly watch: KernelWatch;
  readonly dummy: DummyInterface;
  readonly virtual: VirtualApplier;
  readonly local: LocalAddresses;
  readonly limiter = new RestoreLimiter();
  readonly #options: KernelSideOptions;
  #dummyProblem: Error | undefined;
  #virtualProblem: NetlinkError | undefined;

  constructor(options: KernelSideOptions) {
    const { netlink, timers, logger, metrics, mark, spec } = options;
    this.#options = options;
    this.watch = new KernelWatch({
      netlink,
      timers,
      logger,
      changed: (change) => {
        this.virtual.kernelChanged(change);
        options.changed(change);
      },
      readAnew: (reason) => {
        metrics.readAnew(reason);
        this.dummy.kernelChanged();
        if (reason !== 'surprise') {
          this.virtual.compareAll();
        }
        options.readAnew();
      },
    });
    const { state } = this.watch;
    this.dummy = new DummyInterface({
      netlink,
      state,
      logger,
      ipv6: systemIPv6Switch(),
      name: spec().dummyInterface,
      problem: (error) => {
        if (error?.message !== this.#dummyProblem?.message) {
          this.#dummyProblem = error;
          options.problem();
        }
      },
    });
    this.virtual = new VirtualApplier({
      netlink,
      state,
      dummy: this.dummy,
      timers,
      limiter: this.limiter,
      logger,
      mark,
      graceMs: () => graceTime(options.router()),
      hooks: {
        restored: (restored) => {
          metrics.restored(restored.type);
          options.restored(restored);
        },
        executed: (kind, count, failed) => {
          metrics.kernelOperations(kind, count, failed);
        },
        readEverything: () => {
          this.watch.readAgain('interface');
        },
        surprised: () => {
          this.watch.surprised();
        },
        problem: (error) => {
          if (error?.message !== this.#virtualProblem?.message) {
            this.#virtualProblem = error;
            if (error !== undefined) {
              logger.error('The kernel refuses what is asked of it; it is tried again', { error });
            }
            options.problem();
          }
        },
      },
    });
    this.local = new LocalAddresses({
      netlink,
      state,
      logger,
      mark,
      lifetimeMs: () => this.lifetimeMs,
      executed: (kind, count, failed) => {
        metrics.kernelOperations(kind, count, failed);
      },
      problem: () => {
        options.problem();
      },
    });
  }

  /** The lifetime that local addresses get, ms: as set, unless that is too short for so many. */
  get lifetimeMs(): number {
    const { index } = this.dummy;
    const count = this.state.countOurAddresses() - (index === undefined ? 0 : this.state.countOurAddresses(index));
    return sustainableLifetime({ lifetimeMs: parseDuration(this.#options.spec().addressLifetime), count });
  }

  get state(): KernelState {
    return this.watch.state;
  }

  /** What stands in the way of what is wanted in the kernel, while it does. */
  get problem(): Error | undefined {
    return this.#dummyProblem ?? this.#virtualProblem;
  }

  /** Reads the kernel for the first time. */
  async start(): Promise<void> {
    await this.watch.start();
    this.dummy.use(this.#options.spec().dummyInterface);
  }

  /**
   * Another interface for virtual addresses may be meant than before. What is on former ones moves: all that could be one
   * and is no local interface, so that one that was renamed, or was meant in a past life of the agent, is found as well.
   */
  useDummy(name: string, segments: readonly Pick<Segment, 'index'>[]): void {
    const changed = this.dummy.use(name);
    const local = new Set(segments.map(({ index }) => index));
    const formers = [...this.state.links.values()].filter(
      (link) =>
        isDummy(link) &&
        link.index !== this.dummy.index &&
        !local.has(link.index) &&
        this.state.countOurAddresses(link.index) > 0,
    );
    this.virtual.moveFrom(new Set(formers.map(({ index }) => index)));
    if (changed) {
      this.virtual.interfaceChanged();
    }
  }

  close(): void {
    this.virtual.close();
    this.watch.close();
  }
}
