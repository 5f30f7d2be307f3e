import { formatAddress, formatPrefix, hostPrefix, prefixOf } from '@fairlead/api';
import type { Address, Prefix } from '@fairlead/api';
import type { InterfaceAddress, Link, Route } from '@fairlead/netlink';
import { prefixKey } from '../plan/keys.ts';
import type { ProtectedPrefix } from '../plan/types.ts';
import { IPVS_INTERFACE } from './host-settings.ts';
import { isLinkLocal, isPlainRoute } from './local-interfaces.ts';

/** From where {@link protectedPrefixes} learns what must stay reachable. */
export interface Neighbourhood {
  readonly links: Iterable<Link>;
  /** Name of our interface for virtual addresses. */
  readonly dummyInterface: string;
  readonly foreignAddresses: Iterable<InterfaceAddress>;
  readonly foreignRoutes: Iterable<Route>;
  /** Pod ranges of this node, as its Node has them. */
  readonly podRanges: readonly Prefix[];
  /** Neighbors of the routing daemon. */
  readonly routerNeighbors: readonly Address[];
  /** Addresses of this node and of its peers. */
  readonly nodeAddresses: readonly Address[];
}

/**
 * Everything that an aggregate of ours must not cover on this node: `10.0.0.0/24 dev kube-lb0` over a connected /24 makes
 * its gateway unreachable (measured), and an aggregate that is announced draws the traffic of what it covers.
 */
export function protectedPrefixes(around: Neighbourhood): ProtectedPrefix[] {
  const found = new Map<string, ProtectedPrefix>();
  const protect = (prefix: Prefix, what: string): void => {
    const key = prefixKey(prefix);
    if (prefix.length > 0 && !isLinkLocal(prefix.address) && !found.has(key)) {
      found.set(key, { prefix, what });
    }
  };
  const names = new Map([...around.links].map((link) => [link.index, link.name]));
  const nameOf = (index: number | undefined): string =>
    index === undefined ? 'an interface' : (names.get(index) ?? `interface ${index}`);
  // What kube-proxy has bound to its interface are addresses of Services, and nobody is reached through ours.
  const leadsNowhere = (index: number | undefined): boolean =>
    index !== undefined && [IPVS_INTERFACE, around.dummyInterface].includes(names.get(index) ?? '');
  for (const route of around.foreignRoutes) {
    if (!isPlainRoute(route) || leadsNowhere(route.index)) {
      continue;
    }
    if (route.gateway !== undefined) {
      protect(hostPrefix(route.gateway), `gateway ${formatAddress(route.gateway)}`);
    }
    if (route.dst !== null && route.gateway === undefined) {
      protect(route.dst, `subnet ${formatPrefix(route.dst)} of ${nameOf(route.index)}`);
    }
  }
  for (const { index, address, length } of around.foreignAddresses) {
    if (leadsNowhere(index)) {
      continue;
    }
    protect(hostPrefix(address), `address ${formatAddress(address)} of ${nameOf(index)}`);
    const subnet = prefixOf(address, length);
    protect(subnet, `subnet ${formatPrefix(subnet)} of ${nameOf(index)}`);
  }
  const hosts: readonly (readonly [readonly Address[], string])[] = [
    [around.routerNeighbors, 'router neighbor'],
    [around.nodeAddresses, 'node address'],
  ];
  for (const [addresses, what] of hosts) {
    for (const address of addresses) {
      protect(hostPrefix(address), `${what} ${formatAddress(address)}`);
    }
  }
  for (const range of around.podRanges) {
    protect(range, `pod range ${formatPrefix(range)}`);
  }
  return [...found.values()];
}
