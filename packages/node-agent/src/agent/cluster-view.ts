import type { LBNodeAgentSpec } from '@fairlead/api';
import type { ClusterFacts } from '../cluster/cluster-facts.ts';
import type { EndpointWatch } from '../cluster/endpoint-watch.ts';
import type { LANFacts } from '../cluster/objects/lan.ts';
import type { NodeFacts } from '../cluster/objects/node.ts';
import type { PeerFacts } from '../cluster/objects/peer.ts';
import type { PeerWatch } from '../cluster/peer-watch.ts';
import type { GroupFacts, ProtectedPrefix, ServiceFacts } from '../plan/types.ts';
import type { ClusterMemory } from '../state-file/codec.ts';

/** What the plan goes by beyond the kernel: live from the API server, or remembered from a past life while it is away. */
export interface ClusterView {
  /** Whether it is the truth: only then may anything be withdrawn. */
  readonly live: boolean;
  readonly node: NodeFacts;
  readonly spec: LBNodeAgentSpec;
  /** Whether the LBNodeAgents select this node; true while there are none. */
  readonly selected: boolean;
  readonly groups: readonly GroupFacts[];
  readonly lans: readonly LANFacts[];
  readonly peers: readonly PeerFacts[];
  readonly clusterPrefixes: readonly ProtectedPrefix[];
  services(): Iterable<ServiceFacts>;
  readyNodes(service: string): ReadonlySet<string> | undefined;
}

/** The view of a past life. */
export function rememberedView(memory: ClusterMemory): ClusterView {
  return {
    live: false,
    ...memory,
    services: () => memory.services,
    readyNodes: (service) => {
      const nodes = memory.endpoints[service];
      return nodes === undefined ? undefined : new Set(nodes);
    },
  };
}

/** The view of now; `node` is the agent's own, which exists. */
export function liveView(options: {
  readonly node: NodeFacts;
  readonly cluster: ClusterFacts;
  readonly peers: PeerWatch;
  readonly endpoints: EndpointWatch;
  readonly clusterPrefixes: readonly ProtectedPrefix[];
}): ClusterView {
  const { node, cluster, peers, endpoints, clusterPrefixes } = options;
  return {
    live: true,
    node,
    spec: cluster.spec,
    selected: cluster.selected,
    groups: [...cluster.groups.store.list()].map(({ facts }) => facts).sort((a, b) => (a.name < b.name ? -1 : 1)),
    lans: [...cluster.lans.store.list()].sort((a, b) => (a.key < b.key ? -1 : 1)),
    peers: peers.peers(),
    clusterPrefixes,
    services: () => cluster.services.store.list(),
    readyNodes: (service) => endpoints.readyNodes(service),
  };
}

/** What the next life should know of a view. */
export function memoryOf(view: ClusterView): ClusterMemory {
  const { node, spec, selected, groups, lans, peers, clusterPrefixes } = view;
  const services = [...view.services()];
  const endpoints = services.flatMap(({ key, endpointsOnly }): [string, readonly string[]][] => {
    const nodes = endpointsOnly ? view.readyNodes(key) : undefined;
    return nodes === undefined ? [] : [[key, [...nodes]]];
  });
  const remembered = { node, spec, selected, services, groups, lans, peers, clusterPrefixes };
  return { ...remembered, endpoints: Object.fromEntries(endpoints) };
}
