import type { Address, LBNodeAgentSpec } from '@fairlead/api';
import { parseDuration } from '@fairlead/api';
import type { Netlink, NetlinkError } from '@fairlead/netlink';
import type { Logger } from '@fairlead/runtime';
import { DummyInterface } from '../apply/dummy-interface.ts';
import { LocalAddresses } from '../apply/local-addresses.ts';
import { RestoreLimiter } from '../apply/restore-limiter.ts';
import type { Timers } from '../apply/timers.ts';
import { VirtualApplier } from '../apply/virtual-applier.ts';
import type { Restored } from '../apply/restoration.ts';
import type { LocalAddress } from '../election/types.ts';
import type { KernelChange, KernelState } from '../facts/kernel-state.ts';
import { addressKey } from '../plan/keys.ts';
import { KernelWatch } from './kernel-watch.ts';
import type { AgentMetrics } from './metrics.ts';

/** A route is gone from all routers within a second (measured with BGP); until then its address stays. */
const GRACE_MS = 1_000;

export interface KernelSideOptions {
  readonly netlink: Netlink;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly metrics: AgentMetrics;
  /** Whether the kernel keeps IFA_PROTO and may use it. */
  readonly addressProtocol: boolean;
  /** Local addresses that a past life recorded as ours. */
  readonly recorded: readonly LocalAddress[];
  /** Makes the record of local addresses durable. */
  readonly writeRecord: () => Promise<void>;
  /** The settings that hold now. */
  readonly spec: () => LBNodeAgentSpec;
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
  readonly #recorded = new Map<string, LocalAddress>();
  #dummyProblem: NetlinkError | undefined;
  #virtualProblem: NetlinkError | undefined;

  constructor(options: KernelSideOptions) {
    const { netlink, timers, logger, metrics, addressProtocol, spec } = options;
    this.#options = options;
    for (const address of options.recorded) {
      this.#recorded.set(recordKey(address.interfaceIndex, address.address), address);
    }
    this.watch = new KernelWatch({
      netlink,
      timers,
      logger,
      marks: {
        addressProtocol,
        dummyIndex: () => this.watch.state.linkNamed(spec().dummyInterface)?.index,
        recorded: (index, key) => this.#recorded.has(`${index} ${key}`),
      },
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
      name: spec().dummyInterface,
      problem: (error) => {
        this.#dummyProblem = error;
        options.problem();
      },
    });
    this.virtual = new VirtualApplier({
      netlink,
      state,
      dummy: this.dummy,
      timers,
      limiter: this.limiter,
      logger,
      graceMs: GRACE_MS,
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
      lifetimeMs: () => parseDuration(spec().addressLifetime),
      record: async (addresses) => {
        for (const address of addresses) {
          this.#recorded.set(recordKey(address.interfaceIndex, address.address), address);
        }
        if (!addressProtocol) {
          // Without the kernel's mark only this says that they are ours, should the process die in the next moment.
          await options.writeRecord();
        }
      },
      executed: (kind, count, failed) => {
        metrics.kernelOperations(kind, count, failed);
      },
      problem: () => {
        options.problem();
      },
    });
  }

  get state(): KernelState {
    return this.watch.state;
  }

  /** What the kernel refuses, while it does. */
  get problem(): NetlinkError | undefined {
    return this.#dummyProblem ?? this.#virtualProblem;
  }

  /** Local addresses that are on record as ours; those that are gone from the kernel are forgotten. */
  record(): LocalAddress[] {
    return [...this.#recorded.values()];
  }

  /** A local address was taken off for good. */
  forget({ address, interfaceIndex }: LocalAddress): void {
    this.#recorded.delete(recordKey(interfaceIndex, address));
  }

  /** Reads the kernel for the first time. */
  async start(): Promise<void> {
    await this.watch.start();
    this.dummy.use(this.#options.spec().dummyInterface);
  }

  close(): void {
    this.virtual.close();
    this.watch.close();
  }
}

function recordKey(index: number, address: Address): string {
  return `${index} ${addressKey(address)}`;
}
