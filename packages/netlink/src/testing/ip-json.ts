/** For tests: our values as `ip -j` prints them, and what of its output can be compared. */
import type { Address, Prefix } from '../address.ts';
import { addressSize, addressText } from '../address.ts';
import { ROUTE_PROTOCOL, ROUTE_TYPE, SCOPE, TABLE } from '../codec/constants.ts';
import type { InterfaceAddress } from '../codec/interface-address.ts';
import type { Link } from '../codec/link.ts';
import type { Neighbour } from '../codec/neighbour.ts';
import type { NextHop, Route } from '../codec/route.ts';

/** One object of `ip -j`. */
export type IpObject = Readonly<Record<string, unknown>>;

/** Names of interfaces by index. */
export type Names = ReadonlyMap<number, string>;

const LINK_KEYS = ['ifindex', 'ifname', 'mtu', 'operstate', 'address', 'master', 'kind', 'slaveKind', 'flags'];
const ADDRESS_KEYS = (
  'family local address broadcast prefixlen scope label metric valid_life_time preferred_life_time ' +
  'dynamic noprefixroute nodad tentative deprecated'
).split(' ');
const ROUTE_KEYS = [
  'dst',
  'dev',
  'gateway',
  'via',
  'metric',
  'protocol',
  'table',
  'type',
  'scope',
  'prefsrc',
  'nexthops',
];
const NEIGHBOUR_KEYS = ['dst', 'dev', 'lladdr', 'state'];

function pick(object: IpObject, keys: readonly string[]): IpObject {
  return Object.fromEntries(keys.filter((key) => key in object).map((key) => [key, object[key]]));
}

function withoutUndefined(object: IpObject): IpObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

function nameOf(table: Readonly<Record<string, number>>, number: number): string {
  return Object.entries(table).find(([, value]) => value === number)?.[0] ?? String(number);
}

/** `ip -j -d link show`, as far as {@link Link} goes. */
export function comparableLinks(output: readonly IpObject[]): IpObject[] {
  const flags = new Set(['UP', 'LOWER_UP', 'BROADCAST', 'LOOPBACK', 'POINTOPOINT', 'NOARP', 'MULTICAST']);
  return output.map((link) => {
    const info = (link['linkinfo'] ?? {}) as IpObject;
    return withoutUndefined({
      ...pick(link, LINK_KEYS),
      kind: info['info_kind'],
      slaveKind: info['info_slave_kind'],
      flags: (link['flags'] as string[]).filter((flag) => flags.has(flag)).toSorted(),
    });
  });
}

/** A link as {@link comparableLinks} leaves it. */
export function linkAsIp(link: Link, names: Names): IpObject {
  const { flags } = link;
  const set = {
    UP: flags.up,
    LOWER_UP: flags.lowerUp,
    BROADCAST: flags.broadcast,
    LOOPBACK: flags.loopback,
    POINTOPOINT: flags.pointToPoint,
    NOARP: flags.noARP,
    MULTICAST: flags.multicast,
  };
  return withoutUndefined({
    ifindex: link.index,
    ifname: link.name,
    mtu: link.mtu,
    operstate: link.operationalState.toUpperCase(),
    address: link.mac,
    master: link.master === undefined ? undefined : names.get(link.master),
    kind: link.kind,
    slaveKind: link.slaveKind,
    flags: Object.entries(set)
      .filter(([, on]) => on)
      .map(([name]) => name)
      .toSorted(),
  });
}

/** `ip -j addr show`, as far as {@link InterfaceAddress} goes: one entry an address, with its interface. */
export function comparableAddresses(output: readonly IpObject[]): IpObject[] {
  return output.flatMap((link) =>
    (link['addr_info'] as IpObject[]).map((address) =>
      Object.assign({ dev: link['ifname'] }, pick(address, ADDRESS_KEYS)),
    ),
  );
}

/** An address as {@link comparableAddresses} leaves it. */
export function addressAsIp(address: InterfaceAddress, names: Names): IpObject {
  const { flags } = address;
  return withoutUndefined({
    dev: names.get(address.index),
    family: address.address.family === 'IPv4' ? 'inet' : 'inet6',
    local: addressText(address.address),
    address: address.peer && addressText(address.peer),
    broadcast: address.broadcast && addressText(address.broadcast),
    prefixlen: address.length,
    scope: address.scope === SCOPE.universe ? 'global' : nameOf(SCOPE, address.scope),
    label: address.label,
    metric: address.metric,
    dynamic: flags.permanent ? undefined : true,
    noprefixroute: flags.noprefixroute || undefined,
    nodad: flags.nodad || undefined,
    tentative: flags.tentative || undefined,
    deprecated: flags.deprecated || undefined,
    valid_life_time: lifetimeAsIp(address.validLifetime),
    preferred_life_time: lifetimeAsIp(address.preferredLifetime),
  });
}

function lifetimeAsIp(seconds: number): number {
  return seconds === Infinity ? 0xffff_ffff : seconds;
}

/** `ip -j route show table all` of one family, as far as {@link Route} goes. */
export function comparableRoutes(output: readonly IpObject[]): IpObject[] {
  return output.map((route) => {
    const hops = route['nexthops'] as IpObject[] | undefined;
    const nexthops = hops?.map((hop) => pick(hop, ['gateway', 'dev', 'weight']));
    return withoutUndefined({ ...pick(route, ROUTE_KEYS), nexthops });
  });
}

/** A route as {@link comparableRoutes} leaves it: `ip` prints no value that is the usual one. */
export function routeAsIp(route: Route, names: Names): IpObject {
  const { dst, family, gateway, nextHops, preferredSource } = route;
  const multipath = nextHops.length > 1;
  const via = gateway !== undefined && gateway.family !== family;
  return withoutUndefined({
    dst: dst === null ? 'default' : prefixText(dst),
    dev: multipath || route.index === undefined ? undefined : names.get(route.index),
    gateway: gateway === undefined || multipath || via ? undefined : addressText(gateway),
    via: via && !multipath ? { family: familyText(gateway), host: addressText(gateway) } : undefined,
    nexthops: multipath ? nextHops.map((hop) => hopAsIp(hop, names)) : undefined,
    metric: family === 'IPv4' && route.metric === 0 ? undefined : route.metric,
    protocol: route.protocol === ROUTE_PROTOCOL.boot ? undefined : nameOf(ROUTE_PROTOCOL, route.protocol),
    table: route.table === TABLE.main ? undefined : nameOf(TABLE, route.table),
    type: route.type === ROUTE_TYPE.unicast ? undefined : nameOf(ROUTE_TYPE, route.type),
    scope: route.scope === SCOPE.universe ? undefined : nameOf(SCOPE, route.scope),
    prefsrc: preferredSource && addressText(preferredSource),
  });
}

function hopAsIp({ gateway, index, weight }: NextHop, names: Names): IpObject {
  const dev = index === undefined ? undefined : names.get(index);
  return withoutUndefined({ gateway: gateway && addressText(gateway), dev, weight });
}

function familyText(address: Address): string {
  return address.family === 'IPv4' ? 'inet' : 'inet6';
}

function prefixText({ address, length }: Prefix): string {
  const text = addressText(address);
  return length === addressSize(address.family) * 8 ? text : `${text}/${length}`;
}

/** `ip -j neigh show`, as far as {@link Neighbour} goes. */
export function comparableNeighbours(output: readonly IpObject[]): IpObject[] {
  return output.map((neighbour) => pick(neighbour, NEIGHBOUR_KEYS));
}

/** A neighbour as {@link comparableNeighbours} leaves it. */
export function neighbourAsIp(neighbour: Neighbour, names: Names): IpObject {
  return withoutUndefined({
    dst: addressText(neighbour.address),
    dev: names.get(neighbour.index),
    lladdr: neighbour.mac,
    state: [neighbour.state.toUpperCase()],
  });
}
