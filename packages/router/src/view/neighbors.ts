import { formatAddress } from '@fairlead/api';
import type { Address, BGPNeighbor, IPFamily } from '@fairlead/api';
import { attempt, checkedAt, PlacedProblem, problemAt, within } from './collect.ts';
import type { Place } from './collect.ts';
import * as printable from './printable.ts';
import { NOTHING, YES } from './printable.ts';
import type { Printable } from './printable.ts';
import type { RouterViewProblem } from './problem.ts';
import type { NeighborView } from './view.ts';

/** `data` of a Secret as the API server gives it: Base64 by key. */
export type SecretData = Readonly<Record<string, string>>;

/** The key of a Secret that holds a neighbor's password. */
export const PASSWORD_KEY = 'password';

/** What neighbors need to know beyond the Router. */
export interface NeighborContext {
  /** Addresses of the node, of each family that it has. */
  readonly nodeAddresses: Readonly<Partial<Record<IPFamily, Address>>>;
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
  const taken = new Map<string, string>();
  return neighbors.flatMap((neighbor, index) => {
    const at = within(place, `neighbors[${index}]`);
    const found: RouterViewProblem[] = [];
    const made = attempt(found, () => neighborView(neighbor, at, taken, context, found));
    const view = made ?? context.previous.find(({ name }) => name === neighbor.name && !taken.has(protocolName(name)));
    const consequence =
      view === undefined ? `neighbor ${neighbor.name} is left out until then` : `until then it stays as it was`;
    problems.push(
      ...(made === undefined
        ? found.map((problem) => ({ ...problem, sentence: `${problem.sentence}; ${consequence}` }))
        : found),
    );
    if (view === undefined) {
      return [];
    }
    taken.set(view.protocol, neighbor.name);
    return [view];
  });
}

function protocolName(neighbor: string): string {
  return `bgp_${neighbor.replaceAll('-', '_')}`;
}

function neighborView(
  neighbor: BGPNeighbor,
  place: Place,
  taken: ReadonlyMap<string, string>,
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
  const other = taken.get(protocol);
  if (other !== undefined) {
    const sentence = `${neighbor.name} and ${other} are one name to BIRD, which has no dashes; rename one of them`;
    throw new PlacedProblem(problemAt(within(place, 'name'), 'NeighborNameClash', sentence));
  }
  if (neighbor.address === undefined) {
    const sentence = 'BIRD finds no neighbor without its address; write it, a link-local one perhaps, beside interface';
    throw new PlacedProblem(problemAt(within(place, 'address'), 'UnnumberedUnsupported', sentence));
  }
  const address = checkedAt(within(place, 'address'), () => printable.address(neighbor.address ?? ''));
  const families = familiesOf(neighbor, address.value, place, context, problems);
  const holdTime = checkedAt(within(place, 'holdTime'), () =>
    printable.seconds(neighbor.holdTime, { minimum: 3, maximum: 65_535 }),
  );
  return {
    name,
    protocol,
    address: address.text,
    asn: check('asn', printable.asNumber, NOTHING),
    port: check('port', printable.port, NOTHING),
    localAddress: check('localAddress', (text) => printable.address(text).text, NOTHING),
    interface: check('interface', printable.interfaceName, NOTHING),
    multihop: check('multihop', (hops) => printable.wholeNumber(hops, { minimum: 1, maximum: 255 }), NOTHING),
    passive: neighbor.passive ? YES : NOTHING,
    ...passwordOf(neighbor, place, context),
    bfdInterval: check('bfd', (bfd) => printable.milliseconds(bfd.interval, { minimum: 10, maximum: 10_000 }), NOTHING),
    bfdMultiplier: check('bfd', (bfd) => printable.wholeNumber(bfd.multiplier, { minimum: 2, maximum: 50 }), NOTHING),
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

type Families = Pick<NeighborView, 'ipv4' | 'ipv6' | 'nextHopIPv4' | 'nextHopIPv6'>;

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
    const sentence = `nothing is left to announce to ${formatAddress(address)}`;
    throw new PlacedProblem(problemAt(within(place, 'families'), 'NextHopMissing', sentence));
  }
  return { ipv4: ipv4.announced, ipv6: ipv6.announced, nextHopIPv4: ipv4.nextHop, nextHopIPv6: ipv6.nextHop };
}

/** Never an empty password where one is asked for. */
function passwordOf(
  { passwordSecret }: BGPNeighbor,
  place: Place,
  { secrets }: NeighborContext,
): Pick<NeighborView, 'password' | 'passwordSecret'> {
  if (passwordSecret === undefined) {
    return { password: NOTHING, passwordSecret: NOTHING };
  }
  const at = within(place, 'passwordSecret');
  const secretName = checkedAt(at, () => printable.objectName(passwordSecret));
  const encoded = secrets.get(passwordSecret)?.[PASSWORD_KEY];
  if (encoded !== undefined && encoded !== '') {
    // Editors and `echo` end text with a newline, which no password can hold.
    const text = Buffer.from(encoded, 'base64')
      .toString('utf8')
      .replace(/\r?\n$/, '');
    const secret: Place = { object: { kind: 'Secret', name: passwordSecret }, path: `data.${PASSWORD_KEY}` };
    return { password: checkedAt(secret, () => printable.password(text)), passwordSecret: secretName };
  }
  const missing = secrets.has(passwordSecret) ? `has no key ${PASSWORD_KEY}` : 'cannot be read';
  const sentence = `the Secret ${passwordSecret} ${missing}; create it with the key ${PASSWORD_KEY} in the namespace of the release`;
  throw new PlacedProblem(problemAt(at, 'SecretMissing', sentence));
}
