import { decodeArp, encodeArp } from './arp.ts';
import type { LanFrame } from './frame.ts';
import { ETHERNET_HEADER, ETHERTYPE_ARP, ETHERTYPE_IPV6 } from './frame.ts';
import { decodeNeighbourDiscovery, encodeNeighbourDiscovery } from './neighbour-discovery.ts';

/**
 * The bytes of a frame as they go onto the wire.
 * @throws {RangeError} when a hardware address is none
 */
export function encodeFrame(frame: LanFrame): Buffer {
  switch (frame.kind) {
    case 'arp':
      return encodeArp(frame);
    case 'neighbourSolicitation':
    case 'neighbourAdvertisement':
      return encodeNeighbourDiscovery(frame);
    default:
      return frame satisfies never;
  }
}

/** Reads a frame, Ethernet header first; `undefined` for all that is no valid ARP, solicitation or advertisement. */
export function decodeFrame(bytes: Buffer): LanFrame | undefined {
  if (bytes.length < ETHERNET_HEADER) {
    return undefined;
  }
  switch (bytes.readUInt16BE(12)) {
    case ETHERTYPE_ARP:
      return decodeArp(bytes);
    case ETHERTYPE_IPV6:
      return decodeNeighbourDiscovery(bytes);
    default:
      return undefined;
  }
}
