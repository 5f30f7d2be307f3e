import type { Link } from '@fairlead/netlink';

/**
 * The interfaces whose frames leave by this one: itself, the bridge or bond that it is a port of, VLANs and macvlans upon
 * it, and what stands upon those. Pure.
 * @param links all of the namespace
 */
export function standingOn(links: Iterable<Link>, index: number): ReadonlySet<number> {
  const all = [...links];
  const found = new Set([index]);
  // What is found is looked at in its turn.
  for (const lower of found) {
    const master = all.find((link) => link.index === lower)?.master;
    if (master !== undefined) {
      found.add(master);
    }
    for (const link of all) {
      // The other end of a veth is opposite, not below; it may be in another namespace, and its index another link's here.
      if (link.parent === lower && link.kind !== 'veth') {
        found.add(link.index);
      }
    }
  }
  return found;
}
