import { parseAddress, parsePrefix, prefixContains } from '@fairlead/api';
import type { Address, BGPNeighbor, IPFamily } from '@fairlead/api';
import { bfdTimes } from './bfd.ts';
import { checkedAt, PlacedProblem, problemAt, within } from './collect.ts';
import type { Place } from './collect.ts';
import { keptWhereFaulty } from './kept.ts';
import { passwordView } from './passwords.ts';
import type { SecretData } from './passwords.ts';
import * as printable from './printable.ts';
import { NOTHING, YES } from './printable.ts';
import type { Printable } from './printable.ts';
import type { RouterViewProblem } from './problem.ts';
import type { NeighborView } from './view.ts';

/** What neighbors need to know beyond the Router. */
export interface NeighborContext {
  /** Addresses of the node, of each family that it has. */
  readonly nodeAddresses: Readonly<Partial<Record<IPFamily, Address>>>;
  /** All addresses on the node's interfaces; undefined: not known. */
  readonly hostAddresses: readonly Address[] | undefined;
  /** Secrets that could be read, by name. */
  readonly secrets: ReadonlyMap<string, SecretData>;
  /** The neighbors of the last view: one that has a problem now stays as it was there. */
  readonly previous: readonly NeighborView[];
}

/**
 * The neighbors as they are to be configured. One with a problem stays as it was in the last view, so that no session
 * ends for a mistake, and is left out where it was in none.
 */
export function neighborViews(
  neighbors: readonly BGPNeighbor[],
  place: Place,
  context: NeighborContext,
  problems: RouterViewProblem[],
): NeighborView[] {
  const taken: Taken = { protocols: new Map(), places: new Map() };
  const take = (view: NeighborView): void => {
    taken.protocols.set(view.protocol, view.name);
    taken.places.set(placeOfNeighbor(view), view.name);
  };
  return neighbors.flatMap((neighbor, index) => {
    const at = within(place, `neighbors[${index}]`);
    const views = keptWhereFaulty(
      {
        what: `neighbor ${neighbor.name}`,
        make: () => neighborView(neighbor, at, taken, context, problems),
        previous: () =>
          context.previous.find(
            (before) =>
              before.name === neighbor.name &&
              !taken.protocols.has(before.protocol) &&
              !taken.places.has(placeOfNeighbor(before)),
          ),
      },
      problems,
    );
    views.forEach(take);
    return views;
  });
}

/** Neighbors that are there already: names by protocol, and by where they are. */
interface Taken {
  readonly protocols: Map<string, string>;
  readonly places: Map<string, string>;
}

function placeOfNeighbor({
  address,
  port,
  interface: device,
}: Pick<NeighborView, 'address' | 'port' | 'interface'>): string {
  return [address, port, device].join(' ');
}

function protocolName(neighbor: string): string {
  return `bgp_${neighbor.replaceAll('-', '_')}`;
}

function neighborView(
  neighbor: BGPNeighbor,
  place: Place,
  taken: Taken,
  context: NeighborContext,
  problems: RouterViewProblem[],
): NeighborView {
  const check = <K extends keyof BGPNeighbor, T>(
    field: K,
    convert: (value: NonNullable<BGPNeighbor[K]>) => T,
    absent: T,
  ): T => {
    const value = neighbor[field];
    return value === undefined || value === null
      ? absent
      : checkedAt(within(place, field), () => convert(value as NonNullable<BGPNeighbor[K]>));
  };
  const name = checkedAt(within(place, 'name'), () => printable.neighborName(neighbor.name));
  const protocol = printable.birdSymbol(protocolName(neighbor.name));
  const other = taken.protocols.get(protocol);
  if (other !== undefined) {
    const sentence = `${neighbor.name} and ${other} are one name to BIRD, which has no dashes; rename one of them`;
    throw new PlacedProblem(problemAt(within(place, 'name'), 'NeighborNameClash', sentence));
  }
  const where = {
    address: check('address', (text) => printable.address(text).text, NOTHING),
    port: check('port', printable.port, NOTHING),
    interface: check('interface', printable.interfaceName, NOTHING),
  };
  if (where.address === NOTHING && where.interface === NOTHING) {
    const sentence = 'write address, or interface for unnumbered BGP';
    throw new PlacedProblem(problemAt(within(place, 'address'), 'InvalidValue', sentence));
  }
  if (where.interface === NOTHING && [neighbor.address, neighbor.localAddress].some(isLinkLocalText)) {
    const sentence = 'a link-local address says nothing without its interface; write interface as well';
    throw new PlacedProblem(problemAt(within(place, 'interface'), 'InvalidValue', sentence));
  }
  const twin = taken.places.get(placeOfNeighbor(where));
  if (twin !== undefined) {
    const sentence = `${neighbor.name} is the same neighbor as ${twin}; leave one of the two`;
    throw new PlacedProblem(problemAt(place, 'DuplicateNeighbor', sentence));
  }
  // Found on an interface a neighbor has a link-local address.
  const address = where.address === NOTHING ? ANY_LINK_LOCAL : parseAddress(where.address);
  const localAddress = check(
    'localAddress',
    (text) => printable.address(text).text,
    ownAddressFor(neighbor, address, place, context),
  );
  checkEnds({ address: where.address, localAddress }, place, context);
  const families = familiesOf(neighbor, address, place, context, problems);
  const holdTime = checkedAt(within(place, 'holdTime'), () =>
    printable.seconds(neighbor.holdTime, { minimum: 3, maximum: 65_535 }),
  );
  return {
    name,
    protocol,
    ...where,
    peer: where.address === NOTHING ? where.interface : where.address,
    asn: check('asn', printable.asNumber, NOTHING),
    localAddress,
    multihop: check('multihop', (hops) => printable.wholeNumber(hops, { minimum: 1, maximum: 255 }), NOTHING),
    passive: neighbor.passive ? YES : NOTHING,
    ...passwordView(neighbor.passwordSecret, place, context.secrets),
    bfdInterval: check('bfd', (bfd) => bfdTimes(bfd, within(place, 'bfd')).interval, NOTHING),
    bfdMultiplier: check('bfd', (bfd) => bfdTimes(bfd, within(place, 'bfd')).multiplier, NOTHING),
    holdTime,
    // A third of the hold time, as RFC 4271 (10) suggests.
    keepaliveTime: check(
      'keepaliveTime',
      (text) => printable.seconds(text, { minimum: 1, maximum: 21_845 }),
      printable.wholeNumber(Math.floor(Number(holdTime) / 3), { minimum: 1, maximum: 21_845 }),
    ),
    ...families,
  };
}

/**
 * Our address in a session with BFD over several hops, where none is written: BIRD cannot do without it there, and says
 * so only when it reads its configuration. In all other sessions the kernel chooses.
 */
function ownAddressFor(
  { multihop, bfd, localAddress, name }: BGPNeighbor,
  { family }: Address,
  place: Place,
  { nodeAddresses }: NeighborContext,
): Printable {
  if (multihop === undefined || bfd === undefined || localAddress !== undefined) {
    return NOTHING;
  }
  const own = nodeAddresses[family];
  if (own === undefined) {
    const sentence = `BFD over several hops needs our address, and the node has no ${family} one; write localAddress, or leave bfd out of ${name}`;
    throw new PlacedProblem(problemAt(within(place, 'localAddress'), 'NodeAddressMissing', sentence));
  }
  return printable.addressText(own);
}

/** BIRD's check sees neither an own address as the neighbor's, nor one at our end that the node does not have. */
function checkEnds(
  { address, localAddress }: Pick<NeighborView, 'address' | 'localAddress'>,
  place: Place,
  { hostAddresses }: NeighborContext,
): void {
  if (hostAddresses === undefined) {
    return;
  }
  const isHere = (text: string): boolean => {
    const wanted = parseAddress(text);
    return hostAddresses.some((own) => own.family === wanted.family && own.value === wanted.value);
  };
  // The same link-local address may be on another interface.
  if (address !== NOTHING && !prefixContains(LINK_LOCAL, parseAddress(address)) && isHere(address)) {
    const sentence = `${address} is an address of this node; write that of the neighbor`;
    throw new PlacedProblem(problemAt(within(place, 'address'), 'InvalidValue', sentence));
  }
  if (localAddress !== NOTHING && !isHere(localAddress)) {
    const sentence = `this node has no address ${localAddress}; write one that it has, or leave localAddress out`;
    throw new PlacedProblem(problemAt(within(place, 'localAddress'), 'InvalidValue', sentence));
  }
}

type Families = Pick<NeighborView, 'ipv4' | 'ipv6' | 'nextHopIPv4' | 'nextHopIPv6' | 'extendedNextHop'>;

const ANY_LINK_LOCAL = parseAddress('fe80::');
const LINK_LOCAL = parsePrefix('fe80::/10');

/** Of text that may be no address: that is said elsewhere. */
function isLinkLocalText(text: string | undefined): boolean {
  return text !== undefined && /^fe[89ab][0-9a-f]:/i.test(text);
}

/**
 * Which families go over the session, and with which next hop. On a network of the node BIRD finds the next hop of
 * either family on the interface; over several hops it knows only the session's own address, so that the other family
 * needs the node's.
 */
function familiesOf(
  neighbor: BGPNeighbor,
  address: Address,
  place: Place,
  { nodeAddresses }: NeighborContext,
  problems: RouterViewProblem[],
): Families {
  const isLocal = neighbor.multihop === undefined;
  const wanted = (family: IPFamily): boolean =>
    neighbor.families === undefined
      ? family === address.family || nodeAddresses[family] !== undefined
      : neighbor.families.includes(family);
  const nextHop = (family: IPFamily): Printable | 'unknown' => {
    const own = nodeAddresses[family];
    if (family === address.family || isLocal) {
      return NOTHING;
    }
    return own === undefined ? 'unknown' : printable.addressText(own);
  };
  const decide = (family: IPFamily): { readonly announced: Printable; readonly nextHop: Printable } => {
    const hop = nextHop(family);
    if (!wanted(family)) {
      return { announced: NOTHING, nextHop: NOTHING };
    }
    if (hop === 'unknown') {
      const sentence = `${family} routes need a next hop, and the node has no ${family} address; leave ${family} out of families`;
      problems.push(problemAt(within(place, 'families'), 'NextHopMissing', sentence));
      return { announced: NOTHING, nextHop: NOTHING };
    }
    return { announced: YES, nextHop: hop };
  };
  const ipv4 = decide('IPv4');
  const ipv6 = decide('IPv6');
  if (ipv4.announced === NOTHING && ipv6.announced === NOTHING) {
    // BIRD would refuse a session without a channel, and only when the configuration is already in use.
    const sentence = `nothing is left to announce to ${neighbor.name}`;
    throw new PlacedProblem(problemAt(within(place, 'families'), 'NextHopMissing', sentence));
  }
  return {
    ipv4: ipv4.announced,
    ipv6: ipv6.announced,
    nextHopIPv4: ipv4.nextHop,
    nextHopIPv6: ipv6.nextHop,
    extendedNextHop: prefixContains(LINK_LOCAL, address) && ipv4.announced !== NOTHING ? YES : NOTHING,
  };
}
