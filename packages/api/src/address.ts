import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { quote } from './quote.ts';

/** The two address families, spelled as in `Service.spec.ipFamilies`. */
export type IPFamily = 'IPv4' | 'IPv6';

/**
 * An IP address: the family and the number that its bits make, the first bit on the wire being the highest.
 * Text exists only at the edges; see {@link parseAddress} and {@link formatAddress}.
 */
export interface Address {
  readonly family: IPFamily;
  /** 0 … 2^32-1 for IPv4, 0 … 2^128-1 for IPv6. */
  readonly value: bigint;
}

/** A network: its lowest address (all host bits zero) and the number of leading bits that are fixed. */
export interface Prefix {
  readonly address: Address;
  /** 0 … 32 for IPv4, 0 … 128 for IPv6. */
  readonly length: number;
}

/** Thrown where text is not an address or a prefix. The message is a whole sentence that says what to write instead. */
export class AddressError extends Error {
  override readonly name = 'AddressError';
}

/** Bits of an address of the family. */
export function addressBits(family: IPFamily): 32 | 128 {
  return family === 'IPv4' ? 32 : 128;
}

/** The highest number an address of the family can have. */
export function highestValue(family: IPFamily): bigint {
  return (1n << BigInt(addressBits(family))) - 1n;
}

const ADDRESS_EXAMPLES = 'write one like 192.0.2.10 or 2001:db8::10';

/** Why text is not an address that we read, in a sentence. */
function addressRefusal(text: string): string {
  const quoted = quote(text);
  if (text !== text.trim()) {
    return `${quoted} has spaces around it; write the address alone`;
  }
  if (text.includes('/')) {
    return `${quoted} is a network; write a single address, without a prefix length`;
  }
  if (text.includes('%')) {
    return `${quoted} has a zone; write the address alone`;
  }
  // Some programs read 010 as 8, others as 10.
  const decimal = text.replaceAll(/\b0+(?=\d)/g, '');
  if (isIPv4(decimal)) {
    return `${quoted} has leading zeros; write ${decimal}`;
  }
  return `${quoted} is not an IP address; ${ADDRESS_EXAMPLES}`;
}

/** The IPv6 text with the dotted form of its last 32 bits, if it has one, as two groups: ipaddr.js misreads `::1.2.3.4`. */
function withoutDottedTail(text: string): string {
  const colon = text.lastIndexOf(':') + 1;
  const tail = text.slice(colon);
  if (!tail.includes('.')) {
    return text;
  }
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(tail).octets;
  return `${text.slice(0, colon)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

/**
 * Reads one address as users write it. Refused, because different programs read them differently: leading zeros and
 * octal or hexadecimal IPv4 parts, IPv4-mapped IPv6 forms, zones, surrounding text.
 * @throws {AddressError} with a sentence for the user
 */
export function parseAddress(text: string): Address {
  if (isIPv4(text)) {
    return addressFromBytes(Uint8Array.from(ipaddr.IPv4.parse(text).octets));
  }
  if (!isIPv6(text) || text.includes('%')) {
    throw new AddressError(addressRefusal(text));
  }
  const parsed = ipaddr.IPv6.parse(withoutDottedTail(text));
  if (parsed.isIPv4MappedAddress()) {
    throw new AddressError(`${quote(text)} is an IPv4-mapped address; write ${parsed.toIPv4Address().toString()}`);
  }
  return addressFromBytes(Uint8Array.from(parsed.toByteArray()));
}

/** The canonical text: dotted decimal for IPv4, RFC 5952 for IPv6. */
export function formatAddress(address: Address): string {
  const bytes = addressToBytes(address);
  return address.family === 'IPv4' ? bytes.join('.') : new ipaddr.IPv6([...bytes]).toRFC5952String();
}

/**
 * An address from its bytes in network order.
 * @throws {AddressError} when there are neither 4 nor 16 of them
 */
export function addressFromBytes(bytes: Uint8Array): Address {
  if (bytes.length !== 4 && bytes.length !== 16) {
    throw new AddressError(`an address has 4 or 16 bytes, not ${bytes.length}`);
  }
  let value = 0n;
  for (const byte of bytes) {
    value = (value << 8n) | BigInt(byte);
  }
  return { family: bytes.length === 4 ? 'IPv4' : 'IPv6', value };
}

/** The 4 or 16 bytes of an address in network order. */
export function addressToBytes(address: Address): Uint8Array {
  const bytes = new Uint8Array(addressBits(address.family) / 8);
  const view = new DataView(bytes.buffer);
  if (address.family === 'IPv4') {
    view.setUint32(0, Number(address.value));
  } else {
    view.setBigUint64(0, address.value >> 64n);
    view.setBigUint64(8, BigInt.asUintN(64, address.value));
  }
  return bytes;
}

/** Whether both are the same address of the same family. */
export function sameAddress(a: Address, b: Address): boolean {
  return a.family === b.family && a.value === b.value;
}

/** Sort order: IPv4 before IPv6, then by number. */
export function compareAddresses(a: Address, b: Address): number {
  if (a.family !== b.family) {
    return a.family === 'IPv4' ? -1 : 1;
  }
  if (a.value === b.value) {
    return 0;
  }
  return a.value < b.value ? -1 : 1;
}

/**
 * Reads a network in CIDR form.
 * @throws {AddressError} with a sentence; where host bits are set it names the network that was probably meant
 */
export function parsePrefix(text: string): Prefix {
  const slash = text.indexOf('/');
  const lengthText = text.slice(slash + 1);
  if (slash < 0 || !/^(0|[1-9]\d{0,2})$/.test(lengthText)) {
    throw new AddressError(`${quote(text)} is not a network; write one like 192.0.2.0/24 or 2001:db8::/64`);
  }
  const address = parseAddress(text.slice(0, slash));
  const length = Number(lengthText);
  if (length > addressBits(address.family)) {
    throw new AddressError(
      `${quote(text)} has a prefix length above the bits of ${address.family}; write ${addressBits(address.family)} or less`,
    );
  }
  const prefix = prefixOf(address, length);
  if (!sameAddress(prefix.address, address)) {
    throw new AddressError(`${quote(text)} has host bits set; write ${formatPrefix(prefix)}`);
  }
  return prefix;
}

/** CIDR text of a prefix. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix.address)}/${prefix.length}`;
}

/** The network of the given length that holds the address. */
export function prefixOf(address: Address, length: number): Prefix {
  const hostBits = BigInt(addressBits(address.family) - length);
  return { address: { family: address.family, value: (address.value >> hostBits) << hostBits }, length };
}

/** The prefix that holds the address and nothing else: /32 or /128. */
export function hostPrefix(address: Address): Prefix {
  return { address, length: addressBits(address.family) };
}

/** The highest address of a network. */
export function lastAddress(prefix: Prefix): Address {
  const hostBits = BigInt(addressBits(prefix.address.family) - prefix.length);
  return { family: prefix.address.family, value: prefix.address.value | ((1n << hostBits) - 1n) };
}

/** Whether the address lies in the network. */
export function prefixContains(prefix: Prefix, address: Address): boolean {
  return (
    prefix.address.family === address.family && prefixOf(address, prefix.length).address.value === prefix.address.value
  );
}

/** Whether two networks share an address; one then contains the other. */
export function prefixesOverlap(a: Prefix, b: Prefix): boolean {
  return a.length <= b.length ? prefixContains(a, b.address) : prefixContains(b, a.address);
}
