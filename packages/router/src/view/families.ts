import type { Address, IPFamily } from '@fairlead/api';
import { problemAt, within } from './collect.ts';
import type { Place } from './collect.ts';
import { NOTHING, YES } from './printable.ts';
import type { Printable } from './printable.ts';
import type { RouterViewProblem } from './problem.ts';

/** Which families a protocol announces that has a version for each. */
export interface FamiliesView {
  readonly ipv4: Printable;
  readonly ipv6: Printable;
}

/**
 * The families of OSPF or RIP: those that are asked for, else those of which the node has an address. One that is asked
 * for and has no address is a problem and is left out, as the next hop of its routes would be none.
 */
export function familiesView(
  families: readonly IPFamily[] | undefined,
  place: Place,
  nodeAddresses: Readonly<Partial<Record<IPFamily, Address>>>,
  problems: RouterViewProblem[],
): FamiliesView {
  const decide = (family: IPFamily): Printable => {
    const hasAddress = nodeAddresses[family] !== undefined;
    if (families?.includes(family) === true && !hasAddress) {
      const sentence = `the node has no ${family} address; leave ${family} out of families`;
      problems.push(problemAt(within(place, 'families'), 'NodeAddressMissing', sentence));
    }
    return hasAddress && (families === undefined || families.includes(family)) ? YES : NOTHING;
  };
  return { ipv4: decide('IPv4'), ipv6: decide('IPv6') };
}
