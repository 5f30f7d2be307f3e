import { AllocationEngine } from '@fairlead/ipam';
import type { AllocationEvent, Effects, ServiceView } from '@fairlead/ipam';
import type { Change, KubeClient, Service } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';
import type { Caches } from './caches.ts';
import { GroupWriter } from './group/writer.ts';
import type { AllocatorMetrics, LeaderSizes } from './metrics.ts';
import type { GroupFacts } from './objects/group.ts';
import { groupView } from './objects/group.ts';
import type { NamespaceFacts } from './objects/namespace.ts';
import { sameLabels } from './objects/namespace.ts';
import type { Recorder } from './recorder.ts';
import { ServiceWriter } from './service/writer.ts';
import type { Current } from './service/writer.ts';
import { isOlder } from './versions.ts';

export interface LeaderOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly caches: Caches;
  readonly recorder: Recorder;
  readonly metrics: AllocatorMetrics;
  /** Monotonic milliseconds until which we may write. */
  readonly deadline: () => number;
  readonly now: () => number;
  readonly wallClock: () => number;
}

/**
 * One term of leadership: reads the cluster anew and consistently, adopts what is there, and from then on gives each
 * change to the engine and writes what follows from it. The engine lives no longer than the term.
 */
export class Leader {
  readonly #options: LeaderOptions;
  readonly #services: ServiceWriter;
  readonly #groups: GroupWriter;
  readonly #engine: AllocationEngine;

  /** Leads until the signal aborts. */
  static async lead(options: LeaderOptions, signal: AbortSignal, onReady: (leader: Leader) => void): Promise<void> {
    if (await options.caches.refresh(signal)) {
      const leader = new Leader(options);
      onReady(leader);
      await leader.#run(signal);
    }
  }

  private constructor(options: LeaderOptions) {
    const { caches } = options;
    this.#options = options;
    this.#services = new ServiceWriter({
      ...options,
      read: (key) => this.#read(key),
      learn: (key, base, service) => this.#learn(key, base, service),
    });
    this.#groups = new GroupWriter({
      ...options,
      group: (name) => caches.groups.get(name),
      status: (name) => this.#engine.groupStatus(name),
    });
    this.#engine = new AllocationEngine({
      groups: [...caches.groups.list()].map(groupView),
      services: caches.services.list(),
      namespaces: [...caches.namespaces.list()].map(({ key, labels }) => [key, labels] as const),
    });
  }

  get sizes(): LeaderSizes {
    const { depth: queued, contested } = this.#services;
    return { ...this.#engine.sizes, queued, contested };
  }

  /** Whether every verdict has been written, as far as can be seen. */
  get idle(): boolean {
    return this.#services.depth === 0;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { caches, logger } = this.#options;
    // In one step with the constructor: no event can come between.
    const unsubscribe = [
      caches.services.subscribe((change) => this.#onService(change)),
      caches.groups.subscribe((change) => this.#onGroup(change)),
      caches.namespaces.subscribe((change) => this.#onNamespace(change)),
    ];
    logger.info('Allocating', { ...this.#engine.sizes, groups: caches.groups.size });
    this.#follow(this.#engine.start());
    await Promise.all([this.#services.run(signal), this.#groups.run(signal)]);
    for (const end of unsubscribe) {
      end();
    }
  }

  #read(key: string): Current | undefined {
    const view = this.#engine.view(key);
    const verdict = this.#engine.verdict(key);
    return view === undefined || verdict === undefined ? undefined : { view, verdict };
  }

  #apply(event: AllocationEvent): void {
    this.#follow(this.#engine.apply(event));
  }

  #follow({ services, groups }: Effects): void {
    for (const { key } of services) {
      this.#services.add(key);
    }
    for (const name of groups) {
      this.#groups.add(name);
    }
  }

  #onService(change: Change<ServiceView>): void {
    switch (change.type) {
      case 'added':
      case 'updated':
        this.#upsert(change.object);
        break;
      case 'deleted':
        this.#remove(change.previous);
        break;
      case 'synced':
        break;
    }
  }

  /**
   * The watch may come later than the answers to our own requests: what is older than they are is no news. Nor is the same
   * version, but the engine is to keep the very object that the cache keeps.
   */
  #upsert(view: ServiceView): void {
    const known = this.#engine.view(view.key);
    if (known?.resourceVersion === view.resourceVersion) {
      this.#engine.keep(view);
    } else if (known === undefined || !isOlder(view.resourceVersion, known.resourceVersion)) {
      this.#apply({ type: 'service-upserted', service: view });
    }
  }

  #remove(view: ServiceView): void {
    if (this.#engine.view(view.key)?.uid === view.uid) {
      this.#services.forget(view.key);
      this.#apply({ type: 'service-deleted', key: view.key });
    }
  }

  /**
   * A newer version that came as the answer to a request; the watch may have brought a still newer one. That a Service is
   * gone, or no longer ours, is left to the watch: its older events would bring back what was forgotten, with an address
   * that somebody else may have by then.
   */
  #learn(key: string, base: ServiceView, service: Service): void {
    const known = this.#engine.view(key);
    const view = this.#options.caches.projectService(service);
    if (view !== undefined && known?.uid === base.uid && known.resourceVersion === base.resourceVersion) {
      this.#apply({ type: 'service-upserted', service: view });
    }
  }

  #onGroup(change: Change<GroupFacts>): void {
    switch (change.type) {
      case 'added':
      case 'updated': {
        const { object } = change;
        // Our own writes of its status come back as changes; only another spec is a reason to judge anybody.
        if (change.type === 'added' || change.previous.generation !== object.generation) {
          this.#apply({ type: 'group-upserted', group: groupView(object) });
        }
        this.#groups.add(object.key);
        break;
      }
      case 'deleted':
        this.#apply({ type: 'group-deleted', name: change.previous.key });
        this.#groups.add(change.previous.key);
        break;
      case 'synced':
        break;
    }
  }

  #onNamespace(change: Change<NamespaceFacts>): void {
    switch (change.type) {
      case 'added':
        this.#apply({ type: 'namespace-upserted', name: change.object.key, labels: change.object.labels });
        break;
      case 'updated':
        if (!sameLabels(change.object.labels, change.previous.labels)) {
          this.#apply({ type: 'namespace-upserted', name: change.object.key, labels: change.object.labels });
        }
        break;
      case 'deleted':
        this.#apply({ type: 'namespace-deleted', name: change.previous.key });
        break;
      case 'synced':
        break;
    }
  }
}
