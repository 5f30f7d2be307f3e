import { LEASES as LEASE_NAMES } from '@fairlead/api';
import { EventRecorder, LeaderElector } from '@fairlead/kube';
import type { KubeClient } from '@fairlead/kube';
import type { Health, Logger, Metrics } from '@fairlead/runtime';
import { Caches } from './caches.ts';
import { ClaimLoop } from './claim/loop.ts';
import { Leader } from './leader.ts';
import type { AllocatorMetrics, LeaderSizes } from './metrics.ts';
import { createAllocatorMetrics } from './metrics.ts';
import type { Ownership } from './objects/service.ts';
import type { Recorder } from './recorder.ts';
import { ValidityLoop } from './validity/loop.ts';

export interface AllocatorOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly ownership: Ownership;
  /** Namespace of the Leases. */
  readonly namespace: string;
  /** Name in the Lease and in events. */
  readonly identity: string;
  /** False: lead without a Lease, as the only replica. */
  readonly electLeader: boolean;
  /** Copy holders of local addresses into the Services' annotation. */
  readonly annotateHolders: boolean;
  /** Waits so many milliseconds, or less when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

const NOTHING: LeaderSizes = { services: 0, addresses: 0, waiting: 0, queued: 0, contested: 0 };

/** The controller: caches on every replica, and on the one that leads the engine with its writers. */
export class Allocator {
  readonly #options: AllocatorOptions;
  readonly #caches: Caches;
  readonly #elector: LeaderElector | undefined;
  readonly #metrics: AllocatorMetrics;
  readonly #events: EventRecorder;
  #leader: Leader | undefined;

  constructor(options: AllocatorOptions) {
    const { client, logger, namespace, identity, metrics } = options;
    this.#options = options;
    this.#caches = new Caches(options);
    this.#elector = options.electLeader
      ? new LeaderElector({ client, logger, namespace, name: LEASE_NAMES.allocator, identity })
      : undefined;
    this.#metrics = createAllocatorMetrics(metrics, {
      isLeader: () => this.#leader !== undefined,
      sizes: () => this.#leader?.sizes ?? NOTHING,
    });
    this.#events = new EventRecorder({
      client,
      logger,
      reportingController: 'fairlead.dev/allocator',
      reportingInstance: identity,
    });
  }

  /** Ready when the caches are, on a standby too: it could take over now. */
  ready(): Health {
    const reason = this.#caches.waitsFor();
    return reason === undefined ? { ok: true } : { ok: false, reason };
  }

  /** Works until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const following = this.#caches.run(signal);
    if (this.#elector === undefined) {
      await this.#lead(signal);
    } else {
      await this.#elector.run({ onStartedLeading: (term) => this.#lead(term) }, signal);
    }
    await Promise.all([following, this.#events.close()]);
  }

  async #lead(signal: AbortSignal): Promise<void> {
    const { client, logger, namespace, annotateHolders, wait } = this.#options;
    const common = {
      client,
      logger,
      caches: this.#caches,
      recorder: this.#recorder(),
      deadline: () => this.#elector?.deadline() ?? Number.POSITIVE_INFINITY,
      now: () => performance.now(),
      wallClock: Date.now,
      wait,
    };
    const claims = new ClaimLoop({
      ...common,
      namespace,
      annotate: annotateHolders,
      isIdle: () => this.#leader?.idle ?? false,
    });
    const validity = new ValidityLoop(common);
    const term = { ...common, metrics: this.#metrics };
    try {
      await Promise.all([
        Leader.lead(term, signal, (leader) => {
          this.#leader = leader;
        }),
        claims.run(signal),
        validity.run(signal),
      ]);
    } finally {
      this.#leader = undefined;
    }
  }

  #recorder(): Recorder {
    return {
      record: ({ namespace, name, uid }, event) =>
        this.#events.record({ regarding: { apiVersion: 'v1', kind: 'Service', namespace, name, uid }, ...event }),
    };
  }
}
