import type { LBNodeAgentSpec, Prefix, Router, ServiceGroup } from '@fairlead/api';
import type { KubeClient } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';
import { pause } from '../apply/timers.ts';
import type { Timers } from '../apply/timers.ts';
import { ClusterFacts } from '../cluster/cluster-facts.ts';
import { readClusterPrefixes } from '../cluster/cluster-prefixes.ts';
import { EndpointWatch } from '../cluster/endpoint-watch.ts';
import type { LastGood } from '../cluster/last-good.ts';
import type { NodeFacts } from '../cluster/objects/node.ts';
import { PeerWatch } from '../cluster/peer-watch.ts';
import { objectOf } from '../cluster/watch.ts';
import type { ProtectedPrefix, ServiceFacts } from '../plan/types.ts';
import { liveView } from './cluster-view.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Known } from './readiness.ts';

/** Between attempts to read what is read once. */
const RETRY_MS = 2_000;

export interface APISideOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly timers: Timers;
  readonly signal: AbortSignal;
  readonly node: string;
  readonly lastGood: LastGood;
  /** A Service came, changed or is gone. Must not throw, all of them. */
  readonly serviceChanged: (service: ServiceFacts, gone: boolean) => void;
  /** Where ready endpoints of the Service run has changed, or become known. */
  readonly endpointsChanged: (service: string) => void;
  /** Anything else that the plan depends on. */
  readonly surroundingsChanged: () => void;
}

/** Everything that the API server tells: watches become facts, and together the view that the plan is made by. */
export class APISide {
  readonly #options: APISideOptions;
  readonly #cluster: ClusterFacts;
  readonly #peers: PeerWatch;
  readonly #endpoints: EndpointWatch;
  #clusterPrefixes: readonly ProtectedPrefix[] | undefined;
  #synced = false;

  constructor(options: APISideOptions) {
    this.#options = options;
    const { client, logger, timers, signal, node, lastGood } = options;
    const common = { client, logger, timers, signal };
    this.#cluster = new ClusterFacts({ client, logger, signal, node, lastGood });
    this.#peers = new PeerWatch({ ...common, node, changed: options.surroundingsChanged });
    this.#endpoints = new EndpointWatch({ ...common, changed: options.endpointsChanged });
  }

  /** Whether all caches are complete, since {@link sync} resolved. */
  get synced(): boolean {
    return this.#synced;
  }

  /** What has not been read yet, in words; empty when everything has. */
  get missing(): readonly string[] {
    return this.#cluster.missing;
  }

  /** When the API server was last heard; steady ms. */
  get lastContact(): number | undefined {
    return this.#cluster.lastContact;
  }

  get node(): NodeFacts | undefined {
    return this.#cluster.node;
  }

  get selected(): boolean {
    return this.#cluster.selected;
  }

  get spec(): LBNodeAgentSpec {
    return this.#cluster.spec;
  }

  get router(): Router | undefined {
    return this.#cluster.router;
  }

  get serviceGroups(): readonly ServiceGroup[] {
    return this.#cluster.serviceGroups;
  }

  get known(): Known {
    return {
      node: this.#cluster.node !== undefined,
      clusterPrefixes: this.#clusterPrefixes !== undefined,
      endpoints: this.#endpoints.complete,
      peers: this.#peers.complete,
    };
  }

  hasLAN(name: string): boolean {
    return this.#cluster.lans.store.get(name) !== undefined;
  }

  /** The subnets that this node is on now: their peers are watched. */
  setSubnets(subnets: readonly Prefix[]): void {
    this.#peers.setSubnets(subnets);
  }

  /** All that is known now; undefined while this agent has no Node. */
  view(): ClusterView | undefined {
    const { node } = this.#cluster;
    if (node === undefined) {
      return undefined;
    }
    return liveView({
      node,
      cluster: this.#cluster,
      peers: this.#peers,
      endpoints: this.#endpoints,
      clusterPrefixes: this.#clusterPrefixes ?? [],
    });
  }

  /** Tells of every change from now on. */
  listen(): void {
    const { serviceChanged, surroundingsChanged } = this.#options;
    this.#cluster.onConfigChange(surroundingsChanged);
    const { store } = this.#cluster.services;
    store.subscribe((change) => {
      const service = objectOf(change);
      if (service !== undefined) {
        const gone = change.type === 'deleted';
        this.#wantEndpoints(service, gone);
        serviceChanged(service, gone);
      }
    });
    // The watches run since the beginning; the plan will see all that came before, the endpoints have to be asked for.
    for (const service of store.list()) {
      this.#wantEndpoints(service, false);
    }
  }

  #wantEndpoints(service: ServiceFacts, gone: boolean): void {
    this.#endpoints.want(service.key, !gone && service.endpointsOnly && service.addresses.length > 0);
  }

  /** Reads what is read once, and resolves when all caches are complete. Never rejects. */
  async sync(): Promise<void> {
    void this.#readClusterPrefixes();
    await this.#cluster.synced;
    this.#synced = true;
    this.#options.logger.debug('All caches are complete');
  }

  async #readClusterPrefixes(): Promise<void> {
    const { client, signal, logger, surroundingsChanged } = this.#options;
    while (!signal.aborted) {
      try {
        this.#clusterPrefixes = await readClusterPrefixes(client, signal);
        surroundingsChanged();
        return;
      } catch (error) {
        logger.debug('The ranges of the cluster cannot be read yet', { error });
        await pause(RETRY_MS, signal);
      }
    }
  }
}
