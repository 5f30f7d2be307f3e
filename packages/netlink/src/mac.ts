import type { Address } from './address.ts';
import { addressBytes } from './address.ts';

/** Bytes of an Ethernet address. */
export const MAC_SIZE = 6;

/** The Ethernet address that every station takes in. */
export const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff';

/** The text of a hardware address of any length: lower-case hexadecimal pairs with colons, as `ip link` prints it. */
export function formatMAC(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    text += (text === '' ? '' : ':') + (byte < 16 ? '0' : '') + byte.toString(16);
  }
  return text;
}

/**
 * The six bytes of an Ethernet address; either case, colons between.
 * @throws {RangeError} when the text is anything else
 */
export function parseMAC(text: string): Buffer {
  if (!/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i.test(text)) {
    throw new RangeError(`${JSON.stringify(text)} is not an Ethernet address; write one like 52:54:00:12:34:56`);
  }
  return Buffer.from(text.replaceAll(':', ''), 'hex');
}

/** ff02::1: every IPv6 station of the link (RFC 4291 2.7.1). */
export const ALL_NODES: Address = { family: 'IPv6', value: 0xff02_0000_0000_0000_0000_0000_0000_0001n };

/** ff02::1:ff00:0/104, the solicited-node groups (RFC 4291 2.7.1). */
const SOLICITED_NODE_PREFIX = 0xff02_0000_0000_0000_0000_0001_ff00_0000n;

/** The multicast group in which the holder of an IPv6 address listens for Neighbour Solicitations (RFC 4291 2.7.1). */
export function solicitedNodeAddress(address: Address): Address {
  return { family: 'IPv6', value: SOLICITED_NODE_PREFIX | (address.value & 0xff_ffffn) };
}

/** The Ethernet address of a multicast group (RFC 1112 6.4, RFC 2464 7). */
export function multicastMAC(group: Address): string {
  const bytes = addressBytes(group);
  return group.family === 'IPv4'
    ? formatMAC(Uint8Array.of(0x01, 0x00, 0x5e, (bytes[1] ?? 0) & 0x7f, bytes[2] ?? 0, bytes[3] ?? 0))
    : formatMAC(Buffer.concat([Buffer.of(0x33, 0x33), bytes.subarray(12)]));
}
