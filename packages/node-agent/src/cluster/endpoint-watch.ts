import { ENDPOINT_SLICES, parseKey, Store } from '@fairlead/kube';
import type { KubeClient } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';
import type { Timers } from '../apply/timers.ts';
import { projectEndpointSlice } from './objects/endpoint-slice.ts';
import type { EndpointSliceFacts } from './objects/endpoint-slice.ts';
import { objectOf, watchInto } from './watch.ts';

/** Up to so many Services are watched by name; beyond it a selector grows unwieldy and all slices are watched. */
const BY_NAME = 100;
/** Services come in groups: the watch is changed once for those that come within so many ms. */
const GATHER_MS = 20;

export interface EndpointWatchOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly timers: Timers;
  readonly signal: AbortSignal;
  /** The endpoints of a Service changed, or became known. Must not throw. */
  readonly changed: (service: string) => void;
}

/**
 * Which nodes have ready endpoints, for those Services alone that ask (`externalTrafficPolicy: Local`). Nothing is watched
 * while there are none.
 */
export class EndpointWatch {
  readonly #options: EndpointWatchOptions;
  readonly #store: Store<EndpointSliceFacts, 'service'>;
  readonly #wanted = new Set<string>();
  /** Services whose slices have been read completely. */
  readonly #known = new Set<string>();
  #scope: string | undefined;
  #stop = new AbortController();
  /** When the present watch has read everything. */
  #synced: Promise<void> = Promise.resolve();
  #gathering = false;

  constructor(options: EndpointWatchOptions) {
    this.#options = options;
    this.#store = new Store({ indices: { service: ({ service }) => [service] } });
    this.#store.subscribe((change) => {
      const slice = objectOf(change);
      if (slice !== undefined && this.#known.has(slice.service)) {
        options.changed(slice.service);
      }
    });
  }

  /** Whether all that was asked for has been read. */
  get complete(): boolean {
    return this.#wanted.size === this.#known.size && !this.#gathering;
  }

  /** From now on the endpoints of this Service are of interest, or no longer. */
  want(service: string, wanted: boolean): void {
    if (wanted === this.#wanted.has(service)) {
      return;
    }
    if (wanted) {
      this.#wanted.add(service);
    } else {
      this.#wanted.delete(service);
      this.#known.delete(service);
    }
    if (!this.#gathering) {
      this.#gathering = true;
      this.#options.timers.after(GATHER_MS, () => {
        this.#gathering = false;
        this.#rescope();
      });
    }
  }

  /**
   * Nodes with a ready endpoint of the Service; where there is none any more, those with one that ends and still serves,
   * for kube-proxy goes on bringing traffic to it (KEP-1669). Undefined while that is not known.
   */
  readyNodes(service: string): ReadonlySet<string> | undefined {
    if (!this.#known.has(service)) {
      return undefined;
    }
    const slices = this.#store.by('service', service);
    const ready = new Set(slices.flatMap((slice) => slice.ready));
    return ready.size > 0 ? ready : new Set(slices.flatMap(({ ending }) => ending));
  }

  #rescope(): void {
    const { client, logger, signal } = this.#options;
    const scope = this.#labelSelector();
    if (signal.aborted) {
      return;
    }
    if (scope === this.#scope) {
      // Watched already: all slices are, or those of a Service of that name in another namespace.
      void this.#whenSynced();
      return;
    }
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#scope = scope;
    if (scope === undefined) {
      return;
    }
    const watched = watchInto(this.#store, {
      client,
      type: ENDPOINT_SLICES,
      project: projectEndpointSlice,
      logger,
      signal: AbortSignal.any([signal, this.#stop.signal]),
      ...(scope === '' ? {} : { labelSelector: scope }),
    });
    this.#synced = watched.synced;
    void this.#whenSynced();
  }

  /** All that is wanted now is in the scope of the present watch: once that is complete, it is known. */
  async #whenSynced(): Promise<void> {
    const { signal } = this.#stop;
    const services = [...this.#wanted];
    await this.#synced;
    if (signal.aborted) {
      return;
    }
    for (const service of services.filter((each) => this.#wanted.has(each) && !this.#known.has(each))) {
      this.#known.add(service);
      this.#options.changed(service);
    }
  }

  /** Undefined: nothing to watch; empty: all. */
  #labelSelector(): string | undefined {
    if (this.#wanted.size === 0) {
      return undefined;
    }
    if (this.#wanted.size > BY_NAME) {
      return '';
    }
    const names = new Set([...this.#wanted].map((key) => parseKey(key).name));
    return `kubernetes.io/service-name in (${[...names].sort().join(',')})`;
  }
}
