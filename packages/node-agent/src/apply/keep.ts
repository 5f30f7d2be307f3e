import type { WantedVirtual } from './wanted-virtual.ts';

/**
 * A wanted state by which nothing is ever withdrawn: what is there and not wanted is left as it is. For the time before
 * the first sync, when what is known may be out of date. An aggregate that cuts the node off from its surroundings is no
 * matter of knowledge: the kernel says so.
 */
export function keepingEverything(wanted: WantedVirtual): WantedVirtual {
  return {
    virtual: (key) => (wanted.virtual(key) === 'yes' ? 'yes' : 'hold'),
    address: (key) => wanted.address(key),
    route: (key) => wanted.route(key),
    holdCount: Infinity,
    holds: (prefix) => !wanted.endangers(prefix),
    endangers: (prefix) => wanted.endangers(prefix),
    virtualAddresses: () => wanted.virtualAddresses(),
    routes: () => wanted.routes(),
  };
}
