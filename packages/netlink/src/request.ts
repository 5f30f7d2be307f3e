import type { Address, Prefix } from './address.ts';
import { ROUTE_TYPE, SCOPE } from './codec/constants.ts';

/** What a new address carries; see {@link addAddress}. */
export interface AddAddressRequest {
  readonly kind: 'addAddress';
  readonly index: number;
  readonly address: Address;
  readonly length: number;
  /** IFA_PROTO; kernels before 5.18 ignore it. Default: none. */
  readonly protocol?: number | undefined;
  /** IFA_RT_PRIORITY, the metric of the route to its network. Default: none. */
  readonly metric?: number | undefined;
  readonly flags?: { readonly noprefixroute?: boolean; readonly nodad?: boolean } | undefined;
  /** Seconds, rounded up. Default: `Infinity`. */
  readonly validLifetime?: number | undefined;
  /** Seconds, rounded up, at most the valid lifetime. Default: the valid lifetime. */
  readonly preferredLifetime?: number | undefined;
  /** One of {@link SCOPE}. Default: universe. */
  readonly scope?: number | undefined;
  /** Renew the lifetimes of one that is there (and create it otherwise) instead of EEXIST. Default: false. */
  readonly replace?: boolean | undefined;
}

export interface DeleteAddressRequest {
  readonly kind: 'deleteAddress';
  readonly index: number;
  readonly address: Address;
  readonly length: number;
}

/** What identifies and makes a route; see {@link addRoute}. */
interface RouteOptions {
  readonly dst: Prefix;
  /** Outgoing interface. */
  readonly index?: number | undefined;
  readonly gateway?: Address | undefined;
  readonly metric?: number | undefined;
  /** Default when adding: static (4). */
  readonly protocol?: number | undefined;
  /** Default: main (254). */
  readonly table?: number | undefined;
  /** One of {@link ROUTE_TYPE}. Default when adding: unicast. */
  readonly type?: number | undefined;
  /** One of {@link SCOPE}. Default when adding: link for IPv4 without a gateway, else universe. */
  readonly scope?: number | undefined;
  readonly preferredSource?: Address | undefined;
}

export interface AddRouteRequest extends RouteOptions {
  readonly kind: 'addRoute';
  /** Put in the place of one with the same destination, table and metric, instead of EEXIST. Default: false. */
  readonly replace?: boolean | undefined;
}

export interface DeleteRouteRequest extends RouteOptions {
  readonly kind: 'deleteRoute';
}

export interface AddLinkRequest {
  readonly kind: 'addLink';
  readonly name: string;
  /** The driver: `dummy`, or `ifb` where the kernel has none. */
  readonly linkKind: string;
}

export interface SetLinkRequest {
  readonly kind: 'setLink';
  readonly index: number;
  /** Switched on or off. Default: as it is. */
  readonly up?: boolean;
  /** In bytes. Default: as it is. */
  readonly mtu?: number;
}

export interface DeleteLinkRequest {
  readonly kind: 'deleteLink';
  readonly index: number;
}

/** One change that the kernel is asked for: plain data, made by the builders below, executed by `Netlink.execute`. */
export type NetlinkRequest =
  | AddAddressRequest
  | DeleteAddressRequest
  | AddRouteRequest
  | DeleteRouteRequest
  | AddLinkRequest
  | SetLinkRequest
  | DeleteLinkRequest;

/** Adds an address to an interface; EEXIST when it is there and `replace` is not set. */
export function addAddress(options: Omit<AddAddressRequest, 'kind'>): AddAddressRequest {
  return { ...options, kind: 'addAddress' };
}

/**
 * Takes an address from an interface; EADDRNOTAVAIL when it is not there. The length must be the one it was added with.
 * With the last IPv4 address of an interface the kernel drops all its IPv4 routes, and sends no event for them
 * (net/ipv4/fib_frontend.c, fib_disable_ip).
 */
export function deleteAddress(options: Omit<DeleteAddressRequest, 'kind'>): DeleteAddressRequest {
  return { ...options, kind: 'deleteAddress' };
}

/** Adds a route; EEXIST when there is one with the same destination, table and metric and `replace` is not set. */
export function addRoute(options: Omit<AddRouteRequest, 'kind'>): AddRouteRequest {
  return { ...options, kind: 'addRoute' };
}

/** Removes the first route that has everything that is given; ESRCH when there is none. */
export function deleteRoute(options: Omit<DeleteRouteRequest, 'kind'>): DeleteRouteRequest {
  return { ...options, kind: 'deleteRoute' };
}

/** Makes an interface of the kind; EEXIST when the name is taken, EOPNOTSUPP when the kernel has no such driver. */
export function addLink(options: { readonly name: string; readonly kind: string }): AddLinkRequest {
  return { kind: 'addLink', name: options.name, linkKind: options.kind };
}

/** Switches an interface on. */
export function setLinkUp(index: number): SetLinkRequest {
  return { kind: 'setLink', index, up: true };
}

/** Switches an interface off; IPv6 addresses on it are lost. */
export function setLinkDown(index: number): SetLinkRequest {
  return { kind: 'setLink', index, up: false };
}

/** Gives an interface another MTU, in bytes; below 1280 it loses all IPv6 that it has. */
export function setLinkMTU(index: number, mtu: number): SetLinkRequest {
  return { kind: 'setLink', index, mtu };
}

/** Removes an interface that was made by software. */
export function deleteLink(index: number): DeleteLinkRequest {
  return { kind: 'deleteLink', index };
}

/** The scope of a new route that names none, as iproute2 chooses it: an IPv4 route without a gateway ends on the link. */
export function routeScope(route: RouteOptions): number {
  if (route.scope !== undefined) {
    return route.scope;
  }
  const { type = ROUTE_TYPE.unicast } = route;
  if (route.dst.address.family === 'IPv6') {
    return SCOPE.universe;
  }
  switch (type) {
    case ROUTE_TYPE.local:
      return SCOPE.host;
    case ROUTE_TYPE.broadcast:
    case ROUTE_TYPE.anycast:
    case ROUTE_TYPE.multicast:
      return SCOPE.link;
    case ROUTE_TYPE.unicast:
      return route.gateway === undefined ? SCOPE.link : SCOPE.universe;
    default:
      return SCOPE.universe;
  }
}
