import type { Address, Router, ServiceGroup } from '@fairlead/api';
import type { Segment, StrayRoute } from '../plan/types.ts';
import type { ClusterView } from './cluster-view.ts';
import type { RouterFacts } from './router-side.ts';

/** What the router's configuration is made of, put together from all sides. Pure. */
export function routerFacts(options: {
  /** A live one. */
  readonly view: ClusterView;
  readonly segments: readonly Segment[];
  readonly router: Router | undefined;
  readonly serviceGroups: readonly ServiceGroup[];
  readonly strays: readonly StrayRoute[];
  /** Addresses on interfaces of the node that are not ours. */
  readonly hostAddresses: readonly Address[];
}): RouterFacts {
  const { view, segments, router, serviceGroups, strays, hostAddresses } = options;
  const own = [
    ...view.node.addresses,
    ...segments.flatMap(({ ownAddresses }) => ownAddresses.map((each) => each.address)),
  ];
  const IPv4 = own.find(({ family }) => family === 'IPv4');
  const IPv6 = own.find(({ family }) => family === 'IPv6');
  return {
    router,
    serviceGroups,
    strays,
    addresses: { ...(IPv4 === undefined ? {} : { IPv4 }), ...(IPv6 === undefined ? {} : { IPv6 }) },
    hostAddresses,
    dummyInterface: view.spec.dummyInterface,
    labels: view.node.labels,
  };
}
