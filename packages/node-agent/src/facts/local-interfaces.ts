import { addressBits, prefixContains, prefixOf } from '@fairlead/api';
import type { Address, IPFamily, Prefix } from '@fairlead/api';
import { ROUTE_TYPE, TABLE } from '@fairlead/netlink';
import type { InterfaceAddress, Link, Route } from '@fairlead/netlink';
import { prefixKey } from '../plan/keys.ts';
import { selectsInterface } from '../plan/interface-selector.ts';
import type { Segment } from '../plan/types.ts';

const IPV6_LINK_LOCAL: Prefix = { address: { family: 'IPv6', value: 0xfe80n << 112n }, length: 10 };

/** The part of the kernel's state from which local interfaces are told. */
export interface InterfaceFacts {
  readonly links: Iterable<Link>;
  /** All addresses that are not ours. */
  readonly foreignAddresses: Iterable<InterfaceAddress>;
  /** All routes that are not ours. */
  readonly foreignRoutes: Iterable<Route>;
}

/** What {@link localSegments} goes by. */
export interface InterfaceChoice {
  /** Selectors of `LBNodeAgent.spec.local.interfaces`. */
  readonly selectors: readonly string[];
  /** Selectors of all groups that name interfaces for themselves. */
  readonly groupSelectors: readonly string[];
  /** Interfaces, by index, that carry addresses of ours: those stay known until others have the addresses. */
  readonly carrying?: ReadonlySet<number>;
  /** Name of the interface for virtual addresses, which is never a local one. */
  readonly dummyInterface: string;
}

/**
 * The interfaces of this node that can carry local addresses, by index. One without an address of its own is none of
 * them: whatever we put there could not be told from an address of the node, nor ask the LAN for anything.
 */
export function localSegments(facts: InterfaceFacts, choice: InterfaceChoice): Segment[] {
  const routes = [...facts.foreignRoutes].filter(isPlainRoute);
  const defaults = {
    IPv4: defaultInterface(routes, 'IPv4'),
    IPv6: defaultInterface(routes, 'IPv6'),
  };
  const addresses = Map.groupBy(facts.foreignAddresses, (address) => address.index);
  return [...facts.links]
    .filter((link) => !link.flags.loopback && link.name !== choice.dummyInterface)
    .map((link) => {
      const defaultFor = (['IPv4', 'IPv6'] as const).filter((family) => defaults[family] === link.index);
      return segmentOf(link, { defaultFor, addresses: addresses.get(link.index) ?? [], routes, choice });
    })
    .filter((segment) => segment !== undefined)
    .sort((a, b) => a.index - b.index);
}

interface Surroundings {
  readonly defaultFor: readonly IPFamily[];
  readonly addresses: readonly InterfaceAddress[];
  readonly routes: readonly Route[];
  readonly choice: InterfaceChoice;
}

function segmentOf(link: Link, { defaultFor, addresses, routes, choice }: Surroundings): Segment | undefined {
  const candidate = { name: link.name, defaultFor };
  const local = choice.selectors.some((selector) => selectsInterface(selector, candidate));
  const named =
    local ||
    choice.carrying?.has(link.index) === true ||
    choice.groupSelectors.some((selector) => selectsInterface(selector, candidate));
  const usable = addresses.filter(({ flags }) => !flags.tentative && !flags.dadFailed);
  const global = usable.filter(({ address }) => !isLinkLocal(address));
  if (!named || global.length === 0 || link.mac === undefined) {
    return undefined;
  }
  const here = routes.filter((route) => route.index === link.index);
  return {
    index: link.index,
    name: link.name,
    mac: link.mac,
    carrier: link.flags.up && link.flags.lowerUp,
    local,
    defaultFor,
    subnets: subnetsOf(global, here),
    ownAddresses: global.map(({ address, length }) => ({ address, length })),
    linkLocal: usable.find(({ address }) => isLinkLocal(address))?.address,
    gateways: here.flatMap((route) => (route.dst === null && route.gateway !== undefined ? [route.gateway] : [])),
  };
}

/** The interface of the default route with the lowest metric; among equals the one that was listed first. */
function defaultInterface(routes: readonly Route[], family: IPFamily): number | undefined {
  return routes
    .filter((route) => route.dst === null && route.family === family)
    .reduce<Route | undefined>(
      (best, route) => (best === undefined || route.metric < best.metric ? route : best),
      undefined,
    )?.index;
}

/** The union of prefixes of addresses and of on-link routes: with DHCPv6 the address is a /128 and the route tells. */
function subnetsOf(addresses: readonly InterfaceAddress[], routes: readonly Route[]): Prefix[] {
  const found = new Map<string, Prefix>();
  const onLink = routes.flatMap((route) => (route.dst === null || route.gateway !== undefined ? [] : [route.dst]));
  for (const prefix of [...addresses.map(({ address, length }) => prefixOf(address, length)), ...onLink]) {
    if (prefix.length < addressBits(prefix.address.family) && !isLinkLocal(prefix.address)) {
      found.set(prefixKey(prefix), prefix);
    }
  }
  return [...found.values()];
}

/** Whether it is a route that traffic of this node takes: unicast, in the main table. */
export function isPlainRoute(route: Route): boolean {
  return route.table === TABLE.main && route.type === ROUTE_TYPE.unicast;
}

/** Whether it is a link-local IPv6 address. Link-local IPv4 (169.254/16) is used as a real subnet by some. */
export function isLinkLocal(address: Address): boolean {
  return prefixContains(IPV6_LINK_LOCAL, address);
}
