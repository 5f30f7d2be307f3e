import { addressBits, KERNEL_PROTOCOL } from '@fairlead/api';
import type { InterfaceAddress, Link, Route } from '@fairlead/netlink';

/**
 * How an address of ours says so: by IFA_PROTO, or, for kernels before 5.18, which forget that, by the metric of a route
 * that it does not have (IFA_RT_PRIORITY with `noprefixroute`: kept since 4.18, and used by nobody).
 */
export type AddressMark = 'protocol' | 'metric';

/** The metric that marks: ends in our protocol number, and no daemon chooses it. */
export const ADDRESS_METRIC = 2_000_000_201;

/** The attributes that a mark is made of. */
export function markOf(mark: AddressMark): Pick<InterfaceAddress, 'protocol' | 'metric'> {
  switch (mark) {
    case 'protocol':
      return { protocol: KERNEL_PROTOCOL };
    case 'metric':
      return { metric: ADDRESS_METRIC };
    default:
      return mark satisfies never;
  }
}

/**
 * Whether an address is ours. Both marks count whichever is in use, so that a change of `--no-address-protocol` leaves
 * nothing behind. The metric counts on our form alone: on an address with a network somebody may have meant it.
 */
export function isOurAddress({ address, length, protocol, metric, flags }: InterfaceAddress): boolean {
  return (
    protocol === KERNEL_PROTOCOL ||
    (metric === ADDRESS_METRIC && flags.noprefixroute && length === addressBits(address.family))
  );
}

/** Whether a route is ours: routes keep their protocol number on every kernel. */
export function isOurRoute(route: Pick<Route, 'protocol'>): boolean {
  return route.protocol === KERNEL_PROTOCOL;
}

/** Kinds of links that swallow what is sent into them: somebody made them for that, and they lose nothing by our addresses. */
const DUMMY_KINDS: ReadonlySet<string | undefined> = new Set(['dummy', 'ifb']);

/** Whether an interface may carry virtual addresses. Any other has a life of its own, whatever its name. */
export function isDummy({ kind }: Pick<Link, 'kind'>): boolean {
  return DUMMY_KINDS.has(kind);
}
