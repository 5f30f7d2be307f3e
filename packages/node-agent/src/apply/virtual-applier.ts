import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Netlink } from '@fairlead/netlink';
import type { Logger } from '@fairlead/runtime';
import { interfaceAddressKey, routeKey } from '../facts/kernel-state.ts';
import type { KernelChange, KernelState } from '../facts/kernel-state.ts';
import type { AddressMark } from '../facts/ownership.ts';
import { addressKey } from '../plan/keys.ts';
import type { AddressKey, PrefixKey } from '../plan/keys.ts';
import { AddressSteps } from './address-steps.ts';
import { differences } from './compare.ts';
import { Delays } from './delays.ts';
import type { DummyInterface } from './dummy-interface.ts';
import { Executor } from './executor.ts';
import type { ExecutorHooks } from './executor.ts';
import { Grace } from './grace.ts';
import { Restoration } from './restoration.ts';
import type { RestorationHooks } from './restoration.ts';
import type { RestoreLimiter } from './restore-limiter.ts';
import { Retry } from './retry.ts';
import { announceRoute, withdrawRoute } from './route-steps.ts';
import type { Step } from './step.ts';
import type { Timers } from './timers.ts';
import type { WantedVirtual } from './wanted-virtual.ts';
import { Work } from './work.ts';
import type { Portion, Task, Touched } from './work.ts';

/** How soon it is tried again where the interface itself cannot be made ready, or a route that is to go stays. */
const AGAIN_MS = 1_000;

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
  readonly graceMs: () => number;
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
  readonly #retry: Retry;
  readonly #addressSteps: AddressSteps;
  readonly #executor: Executor;
  readonly #restoration: Restoration;
  readonly #idle: (() => void)[] = [];
  #wanted: WantedVirtual | undefined;
  #formers: ReadonlySet<number> = new Set();
  /** Whether some address was undecided when last looked: routes that nobody wants may stay meanwhile. */
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
      mark,
      grace: new Grace({ timers, delays: this.#delays, graceMs, lookAt }),
      later: (key, stage) => {
        if (stage === 'announce') {
          this.#work.withdraw({ addresses: [key] });
        } else {
          lookAt({ addresses: [key], routes: [] }, AGAIN_MS);
        }
      },
    });
    this.#retry = new Retry({ delays: this.#delays, lookAt });
    this.#executor = new Executor({ netlink, dummy, retry: this.#retry, hooks });
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

  /** Interfaces that carry virtual addresses of ours from the time when they were the one for them. */
  get formers(): ReadonlySet<number> {
    return this.#formers;
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

  /** Another interface is meant by now: what was done to the former one is forgotten, and everything compared. */
  interfaceChanged(): void {
    this.#restoration.forget();
    this.compareAll();
  }

  /** These interfaces were the one for virtual addresses before: all that is on them moves. */
  moveFrom(formers: ReadonlySet<number>): void {
    const news = [...formers].some((index) => !this.#formers.has(index));
    this.#formers = formers;
    if (news) {
      this.compareAll();
    }
  }

  /** Looks at everything that is wanted and not there, and at everything of ours that is there and not wanted. */
  compareAll(): void {
    const { state, dummy } = this.#options;
    this.#undecided = this.#isUndecided();
    if (this.#wanted !== undefined) {
      const found = differences({ wanted: this.#wanted, state, dummyIndex: dummy.index, formers: this.#formers });
      this.#look(this.#restoration.withoutContested(found));
    }
  }

  /** The kernel changed by itself or by others: what they took is put back. */
  kernelChanged(change: KernelChange): void {
    if (change.type === 'our-address' && change.gone) {
      this.#executor.heardGone(interfaceAddressKey(change.address));
    } else if (change.type === 'our-address' && this.#formers.has(change.address.index)) {
      this.#look({ addresses: [addressKey(change.address.address)], routes: [] });
    } else if (change.type === 'our-route' && change.gone) {
      this.#executor.heardGone(routeKey(change.route));
    }
    this.#restoration.kernelChanged(change);
  }

  /** Resolves when there is nothing left to do but what fails, or waits for its grace time. */
  idle(): Promise<void> {
    if (!this.#running) {
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
        this.#wakeIdle();
      });
    }
  }

  async #run(): Promise<void> {
    const { dummy } = this.#options;
    while (!this.#closed && this.#work.size > 0 && this.#wanted !== undefined) {
      if (!dummy.ready && this.#restoration.leavesInterface) {
        // Who is to put it back in a while has everything compared then.
        break;
      }
      const index = dummy.ready ? dummy.index : await dummy.ensure();
      if (index === undefined) {
        // Said by the dummy interface itself; whatever it was, it is tried again.
        this.#compareLater();
        break;
      }
      const task = this.#work.take(this.#options.state.countOurAddresses(index));
      if (task !== undefined) {
        await this.#executor.execute(this.#steps(task, { wanted: this.#wanted, index }));
      }
      if (this.#work.size > 0) {
        // A small portion is answered before anything else has had its turn, and ten thousand addresses are many of them.
        await nextTurn();
      }
    }
    this.#running = false;
    this.#wakeIdle();
  }

  #compareLater(): void {
    this.#delays.after(AGAIN_MS, () => {
      this.compareAll();
    });
  }

  /** Announce: address, then route. Withdraw: route, then (a grace time later) address. */
  #steps(task: Task, { wanted, index }: { readonly wanted: WantedVirtual; readonly index: number }): Step[] {
    const { stage } = task;
    const { state } = this.#options;
    const formers = this.#formers;
    const situation = { state, wanted, index };
    const routesOnFormers =
      formers.size > 0 && Iterator.from(state.ourRoutes).some((route) => formers.has(route.index ?? index));
    const addresses = task.addresses.flatMap((key) =>
      this.#addressSteps.of(key, { stage, wanted, index, formers, routesOnFormers }),
    );
    switch (stage) {
      case 'announce':
        return [...addresses, ...task.routes.flatMap((key) => this.#announce(key, situation))];
      case 'withdraw':
        return [...task.routes.flatMap((key) => this.#withdraw(key, situation)), ...addresses];
      default:
        return stage satisfies never;
    }
  }

  #announce(key: PrefixKey, situation: Parameters<typeof announceRoute>[1]): readonly Step[] {
    const { steps, others } = announceRoute(key, situation);
    if (others) {
      this.#work.withdraw({ routes: [key] });
    }
    return steps;
  }

  #withdraw(key: PrefixKey, situation: Parameters<typeof withdrawRoute>[1]): readonly Step[] {
    const steps = withdrawRoute(key, situation);
    if (steps.length > 0 && this.#retry.lacksRouteFor(key)) {
      // What is to take its place could not be set yet, and is tried again.
      this.#delays.after(AGAIN_MS, () => {
        this.#look({ addresses: [], routes: [key] });
      });
      return [];
    }
    return steps;
  }

  #wakeIdle(): void {
    for (const resolve of this.#idle.splice(0)) {
      resolve();
    }
  }
}
