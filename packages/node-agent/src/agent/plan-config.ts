import { lanName, parseAddress } from '@fairlead/api';
import type { Address, Router } from '@fairlead/api';
import type { KernelState } from '../facts/kernel-state.ts';
import { localSegments } from '../facts/local-interfaces.ts';
import { protectedPrefixes } from '../facts/protected-prefixes.ts';
import type { PlanConfig, Segment } from '../plan/types.ts';
import { subnetsOf } from '../status/node-status.ts';
import type { ClusterView } from './cluster-view.ts';

/** The local interfaces of this node as the kernel and the settings have them now. */
export function currentSegments(state: KernelState, view: Pick<ClusterView, 'spec' | 'groups'>): Segment[] {
  return localSegments(
    { links: state.links.values(), foreignAddresses: state.foreignAddresses, foreignRoutes: state.foreignRoutes },
    {
      selectors: view.spec.local.interfaces,
      groupSelectors: [...new Set(view.groups.flatMap(({ interfaces }) => interfaces ?? []))],
      dummyInterface: view.spec.dummyInterface,
      carrying: new Set(Iterator.from(state.ourAddresses).map(({ index }) => index)),
    },
  );
}

/** Everything that the plan depends on but the Services, put together from the kernel and the cluster. Pure. */
export function planConfig(options: {
  readonly state: KernelState;
  readonly view: ClusterView;
  readonly segments: readonly Segment[];
  readonly excluded: boolean;
  /** This node is none of ours any more. */
  readonly leaving: boolean;
  readonly router: Router | undefined;
}): PlanConfig {
  const { state, view, segments, excluded, leaving, router } = options;
  const { node, groups, lans, peers, clusterPrefixes, spec } = view;
  const registered = new Set(lans.map(({ key }) => key));
  return {
    groups: new Map(groups.map((group) => [group.name, group])),
    node: node.key,
    nodes: [
      ...(leaving ? [] : [{ name: node.key, labels: node.labels }]),
      ...peers.filter((peer) => !peer.leaving).map(({ key, labels }) => ({ name: key, labels })),
    ],
    excluded,
    lans: lans.map(({ subnet }) => subnet),
    lansComplete: subnetsOf(segments).every((subnet) => registered.has(lanName(subnet))),
    segments,
    protectedPrefixes: [
      ...protectedPrefixes({
        links: state.links.values(),
        dummyInterface: spec.dummyInterface,
        foreignAddresses: state.foreignAddresses,
        foreignRoutes: state.foreignRoutes,
        podRanges: node.podRanges,
        routerNeighbors: neighborsOf(router),
        nodeAddresses: [
          ...node.addresses,
          ...peers.flatMap(({ peer }) => peer.interfaces.flatMap(({ addresses }) => addresses)),
        ],
      }),
      ...clusterPrefixes,
    ],
  };
}

function neighborsOf(router: Router | undefined): Address[] {
  return (router?.spec.bgp?.neighbors ?? []).flatMap(({ address }) => {
    try {
      return address === undefined ? [] : [parseAddress(address)];
    } catch {
      // The router says what is wrong with it.
      return [];
    }
  });
}
