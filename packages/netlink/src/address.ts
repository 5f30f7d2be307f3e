import ipaddr from 'ipaddr.js';

/** The two address families, spelled as in Kubernetes. */
export type IPFamily = 'IPv4' | 'IPv6';

/** An IP address: its family and the number that its bits make, the first bit on the wire being the highest. */
export interface Address {
  readonly family: IPFamily;
  readonly value: bigint;
}

/** A network: an address and the number of its leading bits that are fixed. */
export interface Prefix {
  readonly address: Address;
  readonly length: number;
}

/** Bytes of an address of the family. */
export function addressSize(family: IPFamily): 4 | 16 {
  return family === 'IPv4' ? 4 : 16;
}

/** Reads an address in network order; the caller has checked that the bytes are there. */
export function readAddress(bytes: Buffer, offset: number, family: IPFamily): Address {
  return family === 'IPv4'
    ? { family, value: BigInt(bytes.readUInt32BE(offset)) }
    : { family, value: (bytes.readBigUInt64BE(offset) << 64n) | bytes.readBigUInt64BE(offset + 8) };
}

/** Writes an address in network order. */
export function writeAddress(bytes: Buffer, offset: number, address: Address): void {
  if (address.family === 'IPv4') {
    bytes.writeUInt32BE(Number(address.value), offset);
  } else {
    bytes.writeBigUInt64BE(address.value >> 64n, offset);
    bytes.writeBigUInt64BE(address.value & 0xffff_ffff_ffff_ffffn, offset + 8);
  }
}

/** The bytes of an address in network order. */
export function addressBytes(address: Address): Buffer {
  const bytes = Buffer.alloc(addressSize(address.family));
  writeAddress(bytes, 0, address);
  return bytes;
}

/** The text of an address, for messages to people. */
export function addressText(address: Address): string {
  return ipaddr.fromByteArray([...addressBytes(address)]).toString();
}

/** Whether two addresses are the same one. */
export function sameAddress(one: Address, other: Address): boolean {
  return one.value === other.value && one.family === other.family;
}
