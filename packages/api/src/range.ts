import type { Address, Prefix } from './address.ts';
import {
  AddressError,
  compareAddresses,
  formatAddress,
  lastAddress,
  parseAddress,
  parsePrefix,
  prefixContains,
} from './address.ts';
import { quote } from './quote.ts';

/** The addresses from `first` to `last`, both included and of one family. */
export interface AddressRange {
  readonly first: Address;
  readonly last: Address;
}

/** Addresses that no Service can have, and what to call them in a sentence. */
const UNUSABLE: readonly { readonly prefix: Prefix; readonly what: string }[] = (
  [
    ['0.0.0.0/8', 'unspecified addresses'],
    ['127.0.0.0/8', 'loopback addresses'],
    ['169.254.0.0/16', 'link-local addresses'],
    ['224.0.0.0/4', 'multicast addresses'],
    ['240.0.0.0/4', 'reserved addresses (240.0.0.0/4)'],
    ['::/128', 'the unspecified address'],
    ['::1/128', 'the loopback address'],
    ['::ffff:0:0/96', 'IPv4-mapped addresses'],
    ['fe80::/10', 'link-local addresses'],
    ['ff00::/8', 'multicast addresses'],
  ] as const
).map(([prefix, what]) => ({ prefix: networkOf(prefix), what }));

/** {@link parsePrefix} without its refusal of the IPv4-mapped form, which is what the table has to name. */
function networkOf(text: string): Prefix {
  return text === '::ffff:0:0/96'
    ? { address: { family: 'IPv6', value: 0xffffn << 32n }, length: 96 }
    : parsePrefix(text);
}

/** Whether the address lies in the range. */
export function rangeContains(range: AddressRange, address: Address): boolean {
  return (
    range.first.family === address.family && range.first.value <= address.value && address.value <= range.last.value
  );
}

/** Whether every address of `inner` lies in `outer`. */
export function rangeCovers(outer: AddressRange, inner: AddressRange): boolean {
  return rangeContains(outer, inner.first) && rangeContains(outer, inner.last);
}

/** Whether two ranges have an address in common. */
export function rangesOverlap(a: AddressRange, b: AddressRange): boolean {
  return a.first.family === b.first.family && a.first.value <= b.last.value && b.first.value <= a.last.value;
}

/** How many addresses a range has. */
export function rangeSize(range: AddressRange): bigint {
  return range.last.value - range.first.value + 1n;
}

/** The addresses of a network as a range. */
export function rangeOfPrefix(prefix: Prefix): AddressRange {
  return { first: prefix.address, last: lastAddress(prefix) };
}

/** The range as one writes it: a single address, or `FIRST-LAST`. */
export function formatAddressRange({ first, last }: AddressRange): string {
  return first.value === last.value ? formatAddress(first) : `${formatAddress(first)}-${formatAddress(last)}`;
}

/** Why no Service can have some address of the range; undefined when all are usable. */
export function unusableIn(range: AddressRange): string | undefined {
  const found = UNUSABLE.find(({ prefix }) => rangesOverlap(range, rangeOfPrefix(prefix)));
  return found === undefined ? undefined : `${found.what}, which no Service can have`;
}

function readEnds(text: string): AddressRange {
  if (text.includes('/')) {
    return rangeOfPrefix(parsePrefix(text));
  }
  const dash = text.indexOf('-');
  if (dash < 0) {
    const address = parseAddress(text);
    return { first: address, last: address };
  }
  return { first: parseAddress(text.slice(0, dash)), last: parseAddress(text.slice(dash + 1)) };
}

/**
 * Reads the range of a pool: a network (`192.0.2.0/24`), two addresses with a dash (`192.0.2.10-192.0.2.99`) or one
 * address. Refused: host bits, ends in the wrong order or of two families, and ranges with unspecified, loopback,
 * link-local, multicast, reserved, broadcast or IPv4-mapped addresses.
 * @throws {AddressError} with a sentence for the user
 */
export function parseAddressRange(text: string): AddressRange {
  const range = readEnds(text);
  const quoted = quote(text);
  if (range.first.family !== range.last.family) {
    throw new AddressError(`${quoted} mixes the families; write two IPv4 addresses or two IPv6 addresses`);
  }
  if (compareAddresses(range.first, range.last) > 0) {
    throw new AddressError(
      `${quoted} ends before it begins; write ${formatAddress(range.last)}-${formatAddress(range.first)}`,
    );
  }
  const unusable = unusableIn(range);
  if (unusable !== undefined) {
    throw new AddressError(`${quoted} contains ${unusable}; write a range without them`);
  }
  return range;
}

/** Whether the whole range lies in the network. */
export function prefixCovers(prefix: Prefix, range: AddressRange): boolean {
  return prefixContains(prefix, range.first) && prefixContains(prefix, range.last);
}
