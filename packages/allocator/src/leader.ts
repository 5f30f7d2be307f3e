import { AllocationEngine } from '@fairlead/ipam';
import type { AllocationEvent, Effects, ServiceView } from '@fairlead/ipam';
import type { Change, KubeClient, Service } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';
import type { Caches } from './caches.ts';
import { listFresh } from './fresh-list.ts';
import type { FreshList } from './fresh-list.ts';
import { GroupWriter } from './group/writer.ts';
import type { AllocatorMetrics, LeaderSizes } from './metrics.ts';
import type { GroupFacts } from './objects/group.ts';
import { groupView } from './objects/group.ts';
import type { NamespaceFacts } from './objects/namespace.ts';
import { sameLabels } from './objects/namespace.ts';
import type { Ownership } from './objects/service.ts';
import { projectService } from './objects/service.ts';
import type { Recorder } from './recorder.ts';
import { ServiceWriter } from './service/writer.ts';
import { isOlder } from './versions.ts';

export interface LeaderOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly caches: Caches;
  readonly ownership: Ownership;
  readonly recorder: Recorder;
  readonly metrics: AllocatorMetrics;
  /** Monotonic milliseconds until which we may write. */
  readonly deadline: () => number;
  /** Waits so many milliseconds, or less when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly now: () => number;
  readonly wallClock: () => number;
}

/** Between two attempts to list afresh. */
const RETRY_MS = 1_000;

/**
 * One term of leadership: reads the cluster afresh, adopts what is there, and from then on gives each change to the engine
 * and writes what follows from it. The engine lives no longer than the term.
 */
export class Leader {
  readonly #options: LeaderOptions;
  readonly #services: ServiceWriter;
  readonly #groups: GroupWriter;
  readonly #engine: AllocationEngine;
  /** Up to where the fresh lists went: what the caches say of older versions is not news. */
  readonly #fresh: Pick<FreshList, 'servicesVersion'>;
  /** Of each group, the newest that the engine has seen. */
  readonly #groupFacts: Map<string, GroupFacts>;

  /** Leads until the signal aborts. */
  static async lead(options: LeaderOptions, signal: AbortSignal, onReady: (leader: Leader) => void): Promise<void> {
    const gone = new Map<string, string>();
    const unsubscribe = options.caches.services.subscribe((change) => {
      if (change.type === 'deleted') {
        gone.set(change.previous.key, change.previous.uid);
      }
    });
    try {
      const fresh = await freshList(options, signal);
      if (fresh !== undefined) {
        const leader = new Leader(options, fresh, gone);
        onReady(leader);
        await leader.#run(signal);
      }
    } finally {
      unsubscribe();
    }
  }

  private constructor(options: LeaderOptions, fresh: FreshList, gone: ReadonlyMap<string, string>) {
    const { caches } = options;
    this.#options = options;
    this.#fresh = fresh;
    this.#groupFacts = new Map(fresh.groups);
    const writer = { ...options, deadline: options.deadline };
    this.#services = new ServiceWriter({
      ...writer,
      read: (key) => this.#read(key),
      learn: (key, base, service) => this.#learn(key, base, service),
    });
    this.#groups = new GroupWriter({
      ...writer,
      group: (name) => newest(this.#groupFacts.get(name), caches.groups.get(name)),
      status: (name) => this.#engine.groupStatus(name),
    });
    this.#engine = new AllocationEngine({
      groups: [...fresh.groups.values()].map(groupView),
      services: newestServices(fresh, caches, gone),
      namespaces: [...caches.namespaces.list()].map(({ key, labels }) => [key, labels] as const),
    });
  }

  get sizes(): LeaderSizes {
    return { ...this.#engine.sizes, queued: this.#services.depth };
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
    logger.info('Allocating', { ...this.#engine.sizes, groups: this.#groupFacts.size });
    for (const group of caches.groups.list()) {
      this.#onGroup({ type: 'added', object: group });
    }
    this.#follow(this.#engine.start());
    await Promise.all([this.#services.run(signal), this.#groups.run(signal)]);
    for (const end of unsubscribe) {
      end();
    }
  }

  #read(key: string): ReturnType<ConstructorParameters<typeof ServiceWriter>[0]['read']> {
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

  #upsert(view: ServiceView): void {
    const known = this.#engine.view(view.key);
    const isNews =
      known === undefined || known.uid !== view.uid
        ? isOlder(this.#fresh.servicesVersion, view.resourceVersion) || known !== undefined
        : known.resourceVersion !== view.resourceVersion && !isOlder(view.resourceVersion, known.resourceVersion);
    if (isNews) {
      this.#apply({ type: 'service-upserted', service: view });
    }
  }

  #remove(view: ServiceView): void {
    if (this.#engine.view(view.key)?.uid === view.uid) {
      this.#services.forget(view.key);
      this.#apply({ type: 'service-deleted', key: view.key });
    }
  }

  /** A newer version that came as the answer to a request; the watch may have brought a still newer one. */
  #learn(key: string, base: ServiceView, service: Service | undefined): void {
    const known = this.#engine.view(key);
    if (known?.uid !== base.uid || known.resourceVersion !== base.resourceVersion) {
      return;
    }
    const view = service === undefined ? undefined : projectService(service, this.#options.ownership);
    if (view === undefined) {
      this.#remove(base);
    } else {
      this.#apply({ type: 'service-upserted', service: view });
    }
  }

  #onGroup(change: Change<GroupFacts>): void {
    switch (change.type) {
      case 'added':
      case 'updated': {
        const { object } = change;
        const known = this.#groupFacts.get(object.key);
        if (known !== undefined && known.uid === object.uid && isOlder(object.resourceVersion, known.resourceVersion)) {
          return;
        }
        this.#groupFacts.set(object.key, object);
        // Our own writes of its status come back as changes; only another spec is a reason to judge anybody.
        if (known?.uid !== object.uid || known.generation !== object.generation) {
          this.#apply({ type: 'group-upserted', group: groupView(object) });
        }
        this.#groups.add(object.key);
        break;
      }
      case 'deleted':
        if (this.#groupFacts.get(change.previous.key)?.uid === change.previous.uid) {
          this.#groupFacts.delete(change.previous.key);
          this.#apply({ type: 'group-deleted', name: change.previous.key });
          this.#groups.add(change.previous.key);
        }
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

/** Undefined when the term ends before a list has succeeded. */
async function freshList(options: LeaderOptions, signal: AbortSignal): Promise<FreshList | undefined> {
  const { client, logger, ownership, wait } = options;
  while (!signal.aborted) {
    try {
      return await listFresh(client, ownership, signal);
    } catch (error) {
      if (!signal.aborted) {
        logger.warn('The cluster could not be read afresh; trying again before anything is written', { error });
        await wait(RETRY_MS, signal);
      }
    }
  }
  return undefined;
}

/** What there is: the fresh list, and what the watch has brought since. */
function newestServices(fresh: FreshList, caches: Caches, gone: ReadonlyMap<string, string>): Iterable<ServiceView> {
  const services = new Map<string, ServiceView>();
  for (const view of fresh.services.values()) {
    if (gone.get(view.key) !== view.uid || caches.services.get(view.key) !== undefined) {
      services.set(view.key, view);
    }
  }
  for (const view of caches.services.list()) {
    const known = services.get(view.key);
    const reference = known?.uid === view.uid ? known.resourceVersion : fresh.servicesVersion;
    if (isOlder(reference, view.resourceVersion)) {
      services.set(view.key, view);
    }
  }
  return services.values();
}

function newest(a: GroupFacts | undefined, b: GroupFacts | undefined): GroupFacts | undefined {
  if (a === undefined || b === undefined) {
    return b ?? a;
  }
  return isOlder(a.resourceVersion, b.resourceVersion) ? b : a;
}
