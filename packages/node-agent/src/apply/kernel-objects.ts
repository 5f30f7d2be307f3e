import { addressBits, KERNEL_PROTOCOL, ROUTE_METRIC } from '@fairlead/api';
import type { Address, Prefix } from '@fairlead/api';
import { ROUTE_TYPE, SCOPE, TABLE } from '@fairlead/netlink';
import type { InterfaceAddress, NetlinkError, Route } from '@fairlead/netlink';
import { markOf } from '../facts/ownership.ts';
import type { AddressMark } from '../facts/ownership.ts';

export { ROUTE_METRIC };

/**
 * An address of ours as the kernel will show it.
 * @param options.lifetimes seconds; absent = without end
 */
export function ourAddress({
  index,
  address,
  mark,
  lifetimes = { valid: Infinity, preferred: Infinity },
}: {
  readonly index: number;
  readonly address: Address;
  readonly mark: AddressMark;
  readonly lifetimes?: { readonly valid: number; readonly preferred: number };
}): InterfaceAddress {
  return {
    index,
    address,
    length: addressBits(address.family),
    ...markOf(mark),
    flags: {
      permanent: lifetimes.valid === Infinity,
      noprefixroute: true,
      nodad: address.family === 'IPv6',
      tentative: false,
      dadFailed: false,
      optimistic: false,
      deprecated: lifetimes.preferred === 0,
      secondary: false,
      manageTemporary: false,
    },
    scope: SCOPE.universe,
    validLifetime: lifetimes.valid,
    preferredLifetime: lifetimes.preferred,
  };
}

/** The route that announces a network from this node, as the kernel will show it. */
export function ourRoute(index: number, prefix: Prefix): Route {
  const { family } = prefix.address;
  return {
    family,
    dst: prefix,
    index,
    nextHops: [{ index, weight: 1 }],
    metric: ROUTE_METRIC,
    protocol: KERNEL_PROTOCOL,
    table: TABLE.main,
    type: ROUTE_TYPE.unicast,
    // The kernel gives IPv6 routes no scope of their own.
    scope: family === 'IPv4' ? SCOPE.link : SCOPE.universe,
  };
}

/**
 * Whether a refusal means that what was asked for is so already. `EEXIST` does not: the object that is there may be
 * somebody else's.
 */
export function isDone(kind: 'add' | 'delete', error: NetlinkError): boolean {
  // ENODEV: with the interface went all that was on it.
  return kind === 'delete' && ['EADDRNOTAVAIL', 'ESRCH', 'ENODEV', 'ENOENT'].includes(error.code);
}
