import { DEFAULT_NODE_AGENT_SPEC, selectForNode } from '@fairlead/api';
import type { LBNodeAgent, LBNodeAgentSpec, Router, ServiceGroup } from '@fairlead/api';
import { keyText, LANS, LB_NODE_AGENTS, NODES, ROUTERS, SERVICE_GROUPS, SERVICES } from '@fairlead/kube';
import type { Change, KubeClient, KubeObject, Projected } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';
import type { GroupFacts, ServiceFacts } from '../plan/types.ts';
import { projectLAN } from './objects/lan.ts';
import type { LANFacts } from './objects/lan.ts';
import { projectNode } from './objects/node.ts';
import type { NodeFacts } from './objects/node.ts';
import { projectServiceGroup } from './objects/service-group.ts';
import { projectService } from './objects/service.ts';
import type { LastGood } from './last-good.ts';
import { watch } from './watch.ts';
import type { Watch } from './watch.ts';

/** An object that is kept whole: there are few of its kind. */
export interface Whole<T> extends Projected {
  readonly object: T;
}

export interface ClusterFactsOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly node: string;
  readonly lastGood: LastGood;
}

/** All that this node's agent watches in the API server, but for endpoints and peers, which depend on these. */
export class ClusterFacts {
  readonly services: Watch<ServiceFacts>;
  readonly groups: Watch<Whole<ServiceGroup> & { readonly facts: GroupFacts }>;
  readonly lans: Watch<LANFacts>;
  /** Resolves when everything has been read for the first time. */
  readonly synced: Promise<void>;
  readonly #nodes: Watch<NodeFacts>;
  readonly #agents: Watch<Whole<LBNodeAgent>>;
  readonly #routers: Watch<Whole<Router>>;
  readonly #node: string;
  readonly #lastGood: LastGood;

  constructor({ client, logger, signal, node, lastGood }: ClusterFactsOptions) {
    const common = { client, logger, signal };
    this.#node = node;
    this.#lastGood = lastGood;
    this.services = watch({
      ...common,
      type: SERVICES,
      project: projectService,
      // An agent never sees the other Services.
      fieldSelector: 'spec.type=LoadBalancer',
    });
    this.groups = watch({
      ...common,
      type: SERVICE_GROUPS,
      project: (object) => ({ ...whole(object), facts: lastGood.group(projectServiceGroup(object)) }),
    });
    this.lans = watch({ ...common, type: LANS, project: projectLAN });
    this.#nodes = watch({ ...common, type: NODES, project: projectNode, fieldSelector: `metadata.name=${node}` });
    this.#agents = watch({ ...common, type: LB_NODE_AGENTS, project: whole });
    this.#routers = watch({ ...common, type: ROUTERS, project: whole });
    this.synced = Promise.all(this.#watches().map(({ synced }) => synced)).then(() => undefined);
  }

  /** What has not been read yet, in words for `/readyz`; empty when everything has. */
  get missing(): readonly string[] {
    const names = ['Services', 'ServiceGroups', 'LANs', 'Node', 'LBNodeAgents', 'Routers'];
    return this.#watches().flatMap((each, position) => (each.hasSynced() ? [] : [names[position] ?? '']));
  }

  /** When the API server was last heard; steady ms. */
  get lastContact(): number | undefined {
    const times = this.#watches().flatMap((each) => each.lastContact() ?? []);
    return times.length === 0 ? undefined : Math.max(...times);
  }

  /** This agent's Node; undefined while there is no such Node. */
  get node(): NodeFacts | undefined {
    return this.#nodes.store.get(this.#node);
  }

  /** The settings that hold here: those that are to, or the last ones that could be used. */
  get spec(): LBNodeAgentSpec {
    return this.#lastGood.settings(this.#settings()?.spec ?? DEFAULT_NODE_AGENT_SPEC);
  }

  /** Whether this is a node of ours: some LBNodeAgent selects it, or there are none. */
  get selected(): boolean {
    const [any] = this.#agents.store.list();
    return any === undefined || this.#settings() !== undefined;
  }

  /** The Router that selects this node. */
  get router(): Router | undefined {
    const objects = [...this.#routers.store.list()].map(({ object }) => object);
    return selectForNode(objects, this.node?.labels);
  }

  get serviceGroups(): readonly ServiceGroup[] {
    return [...this.groups.store.list()].map(({ object }) => object);
  }

  /** Calls the listener after each change of anything but the Services, from now on. */
  onConfigChange(listener: () => void): void {
    const tell = (change: Change<unknown>): void => {
      if (change.type !== 'synced') {
        listener();
      }
    };
    this.groups.store.subscribe(tell);
    this.lans.store.subscribe(tell);
    this.#nodes.store.subscribe(tell);
    this.#agents.store.subscribe(tell);
    this.#routers.store.subscribe(tell);
  }

  #settings(): LBNodeAgent | undefined {
    const objects = [...this.#agents.store.list()].map(({ object }) => object);
    return selectForNode(objects, this.node?.labels);
  }

  #watches(): readonly Pick<Watch<Projected>, 'synced' | 'hasSynced' | 'lastContact'>[] {
    return [this.services, this.groups, this.lans, this.#nodes, this.#agents, this.#routers];
  }
}

function whole<T extends KubeObject>(object: T): Whole<T> {
  const { metadata = {} } = object;
  return {
    key: keyText(metadata),
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    object,
  };
}
