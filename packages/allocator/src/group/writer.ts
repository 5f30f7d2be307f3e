import type { GroupStatus } from '@fairlead/ipam';
import { isConflict, isNotFound, SERVICE_GROUPS, WorkQueue } from '@fairlead/kube';
import type { KubeClient } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';
import { FailingWrites } from '../failing-writes.ts';
import type { AllocatorMetrics } from '../metrics.ts';
import type { GroupFacts } from '../objects/group.ts';
import { planGroupStatus, saysConditions } from './status.ts';

/** Counts change with every Service: what changes within this time is written together. */
const DEBOUNCE_MS = 500;
/** Between two writes of counts alone. Every node's agent watches groups, so each of these is sent thousands of times. */
const BETWEEN_COUNTS_MS = 2_000;
const SHORTEST_REQUEST_MS = 50;

export interface GroupWriterOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly metrics: AllocatorMetrics;
  /** The group as last seen. */
  readonly group: (name: string) => GroupFacts | undefined;
  /** What is to stand in its status. */
  readonly status: (name: string) => GroupStatus | undefined;
  /** Monotonic milliseconds until which we may write. */
  readonly deadline: () => number;
  readonly now: () => number;
  readonly wallClock: () => number;
}

/** Keeps counts and conditions of ServiceGroups true, also where somebody edits them. */
export class GroupWriter {
  readonly #options: GroupWriterOptions;
  readonly #queue = new WorkQueue<string>({ baseDelayMs: 100, maxDelayMs: 5_000 });
  /** When the status of each group was last written, in monotonic milliseconds. */
  readonly #writtenAt = new Map<string, number>();
  /** Groups in the metrics. */
  readonly #counted = new Set<string>();
  readonly #failing: FailingWrites;

  constructor(options: GroupWriterOptions) {
    this.#options = options;
    const { logger, now } = options;
    this.#failing = new FailingWrites({ what: 'ServiceGroups', logger, now });
  }

  /** The group may say something that is not so any more. */
  add(name: string): void {
    this.#queue.addAfter(name, DEBOUNCE_MS);
  }

  /** Works until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#queue.run((name) => this.#failing.attempt(name, () => this.#write(name, signal)), {
      concurrency: 2,
      signal,
      onError: (name, error) => this.#failing.failed(name, error),
    });
    // Whoever leads next counts; what is counted here would stand still.
    for (const name of this.#counted) {
      this.#options.metrics.forgetGroup(name);
    }
  }

  async #write(name: string, signal: AbortSignal): Promise<void | { readonly againInMs: number }> {
    const { client, group, status, metrics, deadline, now, wallClock } = this.#options;
    const facts = group(name);
    const wanted = status(name);
    if (facts === undefined || wanted === undefined) {
      metrics.forgetGroup(name);
      this.#counted.delete(name);
      this.#writtenAt.delete(name);
      return;
    }
    this.#counted.add(name);
    metrics.group(name, [
      { family: 'IPv4', allocated: wanted.allocatedIPv4, available: wanted.availableIPv4 },
      { family: 'IPv6', allocated: wanted.allocatedIPv6, available: wanted.availableIPv6 },
    ]);
    const plan = planGroupStatus(facts, wanted, new Date(wallClock()).toISOString().replace(/\.\d+Z$/, 'Z'));
    if (plan === undefined) {
      return;
    }
    const restMs = (this.#writtenAt.get(name) ?? Number.NEGATIVE_INFINITY) + BETWEEN_COUNTS_MS - now();
    if (restMs > 0 && saysConditions(facts, plan)) {
      return { againInMs: restMs };
    }
    const timeoutMs = Math.min(10_000, deadline() - now());
    if (timeoutMs < SHORTEST_REQUEST_MS) {
      return { againInMs: 250 };
    }
    const { uid, resourceVersion } = facts;
    const patch = { metadata: { uid, resourceVersion }, status: plan };
    this.#writtenAt.set(name, now());
    try {
      await client.patch(SERVICE_GROUPS, { name }, patch, { type: 'merge', subresource: 'status', timeoutMs, signal });
    } catch (error) {
      if (isConflict(error)) {
        return { againInMs: DEBOUNCE_MS }; // the watch brings the newer version
      }
      if (!isNotFound(error)) {
        throw error;
      }
    }
  }
}
