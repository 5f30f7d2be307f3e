import type { Address } from '../address.ts';
import { ALL_NODES, multicastMAC, solicitedNodeAddress } from '../mac.ts';

/** Network cards filter this many groups or a few more; beyond that they take everything in any case. */
const MOST_GROUPS = 32;

/** Which multicast frames an interface has to take in. */
export type Groups = { readonly all: true } | { readonly all: false; readonly macs: ReadonlySet<string> };

/**
 * What to take in so that questions for these addresses are heard, though nobody here has them: the solicited-node
 * groups, and the group of all nodes. IPv4 asks by broadcast, so its addresses need nothing.
 */
export function groupsFor(addresses: Iterable<Address>): Groups {
  const macs = new Set([multicastMAC(ALL_NODES)]);
  for (const address of addresses) {
    if (address.family === 'IPv6') {
      macs.add(multicastMAC(solicitedNodeAddress(address)));
    }
  }
  return macs.size > MOST_GROUPS ? { all: true } : { all: false, macs };
}
