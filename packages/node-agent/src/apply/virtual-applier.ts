import type { Netlink } from '@fairlead/netlink';
import type { Logger } from '@fairlead/runtime';
import type { KernelChange, KernelState } from '../facts/kernel-state.ts';
import type { AddressMark } from '../facts/ownership.ts';
import type { AddressKey, PrefixKey } from '../plan/keys.ts';
import { AddressSteps } from './address-steps.ts';
import { differences } from './compare.ts';
import { Delays } from './delays.ts';
import type { DummyInterface } from './dummy-interface.ts';
import { Executor } from './executor.ts';
import type { ExecutorHooks } from './executor.ts';
import { Restoration } from './restoration.ts';
import type { RestorationHooks } from './restoration.ts';
import type { RestoreLimiter } from './restore-limiter.ts';
import { Retry, RETRY_MIN_MS } from './retry.ts';
import { routeSteps } from './route-steps.ts';
import type { Step } from './step.ts';
import type { Timers } from './timers.ts';
import type { WantedVirtual } from './wanted-virtual.ts';
import { Work } from './work.ts';
import type { Portion, Touched } from './work.ts';

export interface VirtualApplierOptions {
  readonly netlink: Pick<Netlink, 'execute'>;
  readonly state: KernelState;
  readonly dummy: DummyInterface;
  readonly timers: Timers;
  readonly limiter: RestoreLimiter;
  readonly logger: Logger;
  /** How addresses are marked as ours. */
  readonly mark: AddressMark;
  /** Time between the withdrawal of a route and that of its address, ms. */
  readonly graceMs: number;
  readonly hooks: RestorationHooks & ExecutorHooks;
}

/**
 * Makes the dummy interface carry what is wanted: level-triggered, key by key, so that a lost event, a failed request or a
 * restart end in the same state. One batch is under way at a time; what changes meanwhile is seen by the next.
 */
export class VirtualApplier {
  readonly #options: VirtualApplierOptions;
  readonly #work = new Work();
  readonly #delays: Delays;
  readonly #addressSteps: AddressSteps;
  readonly #executor: Executor;
  readonly #restoration: Restoration;
  readonly #idle: (() => void)[] = [];
  #wanted: WantedVirtual | undefined;
  /** Whether some address was undecided when last looked: routes that nobody wants stay meanwhile. */
  #undecided = true;
  #running = false;
  #closed = false;

  constructor(options: VirtualApplierOptions) {
    this.#options = options;
    const { netlink, state, dummy, timers, limiter, logger, mark, graceMs, hooks } = options;
    const lookAt = (keys: Portion, ms = 0): void => {
      this.#delays.after(ms, () => {
        this.#look(keys);
      });
    };
    this.#delays = new Delays(timers);
    this.#addressSteps = new AddressSteps({
      state,
      timers,
      mark,
      graceMs,
      lookAgain: (key, ms) => {
        lookAt({ addresses: [key], routes: [] }, ms);
      },
    });
    this.#executor = new Executor({ netlink, dummy, retry: new Retry({ delays: this.#delays, lookAt }), hooks });
    this.#restoration = new Restoration({
      dummy,
      timers,
      limiter,
      logger,
      delays: this.#delays,
      wanted: () => this.#wanted,
      isDeleting: (kernelKey) => this.#executor.isDeleting(kernelKey),
      lookAt,
      hooks,
    });
  }

  /** From now on this is wanted; everything is compared. */
  follow(wanted: WantedVirtual): void {
    this.#wanted = wanted;
    this.compareAll();
  }

  /** The wanted state of these keys may have changed. */
  changed(touched: { readonly addresses: ReadonlySet<AddressKey>; readonly routes: ReadonlySet<PrefixKey> }): void {
    const undecided = this.#isUndecided();
    if (this.#undecided && !undecided) {
      // What stayed for the sake of the undecided ones is touched by nothing else any more.
      this.compareAll();
    } else if (touched.addresses.size + touched.routes.size > 0) {
      this.#look(touched);
    }
    this.#undecided = undecided;
  }

  /** Looks at everything that is wanted and not there, and at everything of ours that is there and not wanted. */
  compareAll(): void {
    const { state, dummy } = this.#options;
    this.#undecided = this.#isUndecided();
    if (this.#wanted !== undefined) {
      this.#look(differences({ wanted: this.#wanted, state, dummyIndex: dummy.index }));
    }
  }

  /** The kernel changed by itself or by others: what they took is put back. */
  kernelChanged(change: KernelChange): void {
    this.#restoration.kernelChanged(change);
  }

  /** Resolves when there is nothing left to do but what fails, or waits for its grace time. */
  idle(): Promise<void> {
    if (!this.#running && this.#work.size === 0) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  /** Stops; the kernel keeps what it has. */
  close(): void {
    this.#closed = true;
    this.#delays.close();
    this.#wakeIdle();
  }

  #isUndecided(): boolean {
    return (this.#wanted?.holdCount ?? 1) > 0;
  }

  #look(touched: Touched): void {
    this.#work.add(touched);
    this.#kick();
  }

  #kick(): void {
    if (!this.#running && !this.#closed) {
      this.#running = true;
      this.#run().catch((error: unknown) => {
        this.#running = false;
        this.#options.logger.error('Applying the plan failed; it is tried again', { error });
        this.#compareLater();
      });
    }
  }

  async #run(): Promise<void> {
    const { dummy } = this.#options;
    while (!this.#closed && this.#work.size > 0) {
      const index = dummy.ready ? dummy.index : await dummy.ensure();
      if (index === undefined) {
        // Said by the dummy interface itself; whatever it was, it is tried again.
        this.#compareLater();
        break;
      }
      const portion = this.#work.take();
      if (portion !== undefined) {
        await this.#executor.execute(this.#steps(portion, index));
      }
    }
    this.#running = false;
    this.#wakeIdle();
  }

  #compareLater(): void {
    this.#delays.after(RETRY_MIN_MS, () => {
      this.compareAll();
    });
  }

  /** Announce: address, then route. Withdraw: route, then (a grace time later) address. */
  #steps(portion: Portion, index: number): Step[] {
    const { state } = this.#options;
    const wanted = this.#wanted;
    const { routesPending } = this.#work;
    const addresses = portion.addresses.flatMap((key) => this.#addressSteps.of(key, { wanted, index, routesPending }));
    const routes = portion.routes.flatMap((key) => routeSteps(key, { state, wanted, index }));
    return [
      ...addresses.filter(({ kind }) => kind === 'add'),
      ...routes,
      ...addresses.filter(({ kind }) => kind === 'delete'),
    ];
  }

  #wakeIdle(): void {
    for (const resolve of this.#idle.splice(0)) {
      resolve();
    }
  }
}
