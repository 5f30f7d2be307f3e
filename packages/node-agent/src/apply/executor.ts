import type { Netlink, NetlinkError } from '@fairlead/netlink';
import type { DummyInterface } from './dummy-interface.ts';
import { isDone } from './kernel-objects.ts';
import type { Retry } from './retry.ts';
import type { Step } from './step.ts';

/** What an {@link Executor} tells of. */
export interface ExecutorHooks {
  /** Requests were made: how many of which kind, and how many of them failed. */
  executed(kind: 'add' | 'delete', count: number, failed: number): void;
  /** Something is there that was not known to be: the kernel should be read again. Must not throw. */
  surprised(): void;
  /** A request failed; it is tried again. `undefined`: nothing fails any more. */
  problem(error: NetlinkError | undefined): void;
}

export interface ExecutorOptions {
  readonly netlink: Pick<Netlink, 'execute'>;
  readonly dummy: DummyInterface;
  readonly retry: Retry;
  readonly hooks: ExecutorHooks;
}

/** Has the kernel do one batch of steps at a time, and what it refuses looked at again. */
export class Executor {
  readonly #options: ExecutorOptions;
  readonly #deleting = new Set<string>();
  /** What went while a batch was under way. */
  readonly #gone = new Set<string>();
  #executing = false;
  /** What was found to be there already, by key, and so is likely to be somebody else's when it happens again. */
  readonly #taken = new Set<string>();

  constructor(options: ExecutorOptions) {
    this.#options = options;
  }

  /** Whether the batch under way deletes the address or route of that kernel key. */
  isDeleting(kernelKey: string): boolean {
    return this.#deleting.has(kernelKey);
  }

  /** The address or route of that kernel key is gone. */
  heardGone(kernelKey: string): void {
    if (this.#executing) {
      this.#gone.add(kernelKey);
    }
  }

  /** @throws {NetlinkError} when the socket fails, not when a request does */
  async execute(steps: readonly Step[]): Promise<void> {
    if (steps.length === 0) {
      return;
    }
    this.#executing = true;
    try {
      await this.#execute(steps);
    } finally {
      this.#executing = false;
      this.#gone.clear();
    }
  }

  async #execute(steps: readonly Step[]): Promise<void> {
    for (const { deletes } of steps) {
      if (deletes !== undefined) {
        this.#deleting.add(deletes);
      }
    }
    const results = await this.#options.netlink.execute(steps.map(({ request }) => request));
    this.#deleting.clear();
    const failed = { add: 0, delete: 0 };
    for (const [position, step] of steps.entries()) {
      const result = results[position];
      if (result?.ok === true || (result?.ok === false && isDone(step.kind, result.error))) {
        this.#taken.delete(keyOf(step));
        if (step.adds === undefined || !this.#gone.has(step.adds)) {
          step.done();
        }
      } else if (result !== undefined) {
        failed[step.kind] += 1;
        this.#failed(step, result.error);
      }
    }
    this.#executed(steps, failed);
  }

  #executed(steps: readonly Step[], failed: { readonly add: number; readonly delete: number }): void {
    const { hooks, retry } = this.#options;
    for (const kind of ['add', 'delete'] as const) {
      const count = steps.filter((step) => step.kind === kind).length;
      if (count > 0) {
        hooks.executed(kind, count, failed[kind]);
      }
    }
    if (failed.add + failed.delete === 0) {
      retry.succeeded();
      if (!retry.pending) {
        hooks.problem(undefined);
      }
    }
  }

  #failed(step: Step, error: NetlinkError): void {
    const { dummy, retry, hooks } = this.#options;
    if (error.code === 'ENODEV' || error.code === 'ENETDOWN') {
      dummy.lost();
    }
    if (error.code === 'EACCES') {
      // net/ipv6/addrconf.c, addrconf_add_idev, and net/ipv6/route.c: disable_ipv6 is set on the interface.
      dummy.ipv6Refused();
    }
    const exists = step.kind === 'add' && error.code === 'EEXIST';
    if (exists) {
      hooks.surprised();
    }
    if (!exists || this.#taken.has(keyOf(step))) {
      hooks.problem(error);
    }
    if (exists) {
      this.#taken.add(keyOf(step));
    }
    retry.failed(step.key, step.kind);
  }
}

function keyOf({ key }: Step): string {
  return key.address ?? key.route ?? '';
}
