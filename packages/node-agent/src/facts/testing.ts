import { parseAddress, parsePrefix } from '@fairlead/api';
import { ROUTE_PROTOCOL, ROUTE_TYPE, SCOPE, TABLE } from '@fairlead/netlink';
import type { InterfaceAddress, Link, Route } from '@fairlead/netlink';
import { ourAddress } from '../apply/kernel-objects.ts';

/** What the kernel says, for tests: sensible values, with what the test is about put over them. */

export function link(index: number, name: string, over: Partial<Link> = {}): Link {
  return {
    index,
    name,
    mac: '02:00:00:00:00:01',
    mtu: 1500,
    flags: {
      up: true,
      running: true,
      lowerUp: true,
      broadcast: true,
      loopback: name === 'lo',
      pointToPoint: false,
      noARP: false,
      multicast: true,
    },
    operationalState: 'up',
    ...over,
  };
}

/** An address of the node: `ADDRESS/LENGTH`. */
export function address(index: number, text: string, over: Partial<InterfaceAddress> = {}): InterfaceAddress {
  const [part = '', length = ''] = text.split('/');
  const base = ourAddress({ index, address: parseAddress(part), mark: 'protocol' });
  return {
    ...base,
    length: Number(length),
    protocol: undefined,
    flags: { ...base.flags, noprefixroute: false },
    ...over,
  };
}

/** A route: a network, or `default IPv4` / `default IPv6`. */
export function route(to: string, over: Partial<Route> = {}): Route {
  const dst = to.startsWith('default') ? null : parsePrefix(to);
  return {
    family: dst?.address.family ?? (to.endsWith('IPv6') ? 'IPv6' : 'IPv4'),
    dst,
    nextHops: [],
    metric: 0,
    protocol: ROUTE_PROTOCOL.kernel,
    table: TABLE.main,
    type: ROUTE_TYPE.unicast,
    scope: SCOPE.link,
    ...over,
  };
}
