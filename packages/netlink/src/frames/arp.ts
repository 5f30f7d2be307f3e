import { readAddress, writeAddress } from '../address.ts';
import { formatMAC, MAC_SIZE, parseMAC } from '../mac.ts';
import type { ArpFrame } from './frame.ts';
import { ETHERNET_HEADER, ETHERTYPE_ARP } from './frame.ts';

/** Bytes of an ARP packet for IPv4 on Ethernet: eight of header, twice a hardware and a protocol address (RFC 826). */
const ARP_SIZE = 28;

/** Hardware Ethernet, protocol IPv4, their address sizes: the first six bytes of every packet that is ours to read. */
const ETHERNET_IPV4 = Buffer.of(0x00, 0x01, 0x08, 0x00, 0x06, 0x04);

const OPERATIONS = { request: 1, reply: 2 } as const;

/** The bytes of an ARP frame, Ethernet header included. */
export function encodeArp(frame: ArpFrame): Buffer {
  const bytes = Buffer.alloc(ETHERNET_HEADER + ARP_SIZE);
  bytes.set(parseMAC(frame.destinationMAC), 0);
  bytes.set(parseMAC(frame.sourceMAC), 6);
  bytes.writeUInt16BE(ETHERTYPE_ARP, 12);
  bytes.set(ETHERNET_IPV4, 14);
  bytes.writeUInt16BE(OPERATIONS[frame.operation], 20);
  bytes.set(parseMAC(frame.senderMAC), 22);
  writeAddress(bytes, 28, frame.senderAddress);
  bytes.set(parseMAC(frame.targetMAC), 32);
  writeAddress(bytes, 38, frame.targetAddress);
  return bytes;
}

/** Reads an ARP frame; `undefined` for other hardware, protocols and operations, and for one that is cut off. */
export function decodeArp(bytes: Buffer): ArpFrame | undefined {
  if (bytes.length < ETHERNET_HEADER + ARP_SIZE || !bytes.subarray(14, 20).equals(ETHERNET_IPV4)) {
    return undefined;
  }
  const number = bytes.readUInt16BE(20);
  if (number !== OPERATIONS.request && number !== OPERATIONS.reply) {
    return undefined;
  }
  const mac = (offset: number): string => formatMAC(bytes.subarray(offset, offset + MAC_SIZE));
  return {
    kind: 'arp',
    destinationMAC: mac(0),
    sourceMAC: mac(6),
    operation: number === OPERATIONS.request ? 'request' : 'reply',
    senderMAC: mac(22),
    senderAddress: readAddress(bytes, 28, 'IPv4'),
    targetMAC: mac(32),
    targetAddress: readAddress(bytes, 38, 'IPv4'),
  };
}
