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

/**
 * The bytes of frames; of those to one station they are made once for each object: who asks the same question ten times
 * a second passes the same one. Frames are values; one that was changed afterwards would go out as it was.
 */
export class FrameEncoder {
  readonly #known = new WeakMap<LanFrame, Buffer>();

  /** As {@link encodeFrame}. */
  encode(frame: LanFrame): Buffer {
    // A thousand announcements in a burst are all different, and remembering them costs more than making them.
    if (isGroupAddress(frame.destinationMAC)) {
      return encodeFrame(frame);
    }
    let bytes = this.#known.get(frame);
    if (bytes === undefined) {
      bytes = encodeFrame(frame);
      this.#known.set(frame, bytes);
    }
    return bytes;
  }
}

/** Whether it is a broadcast or multicast address: the lowest bit of the first byte (IEEE 802). */
function isGroupAddress(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) !== 0;
}

/** Different frames that are remembered; a quiet LAN has a few for each neighbour. */
const REMEMBERED = 256;

/**
 * Reads frames, those that it has read lately by comparing their bytes alone: a quiet LAN says the same few things ten
 * times a second, and checking a checksum and writing addresses as text is most of what it costs to hear them.
 */
export class FrameDecoder {
  readonly #known = new Map<string, LanFrame | undefined>();

  /** As {@link decodeFrame}. */
  decode(bytes: Buffer): LanFrame | undefined {
    const key = bytes.toString('latin1');
    const known = this.#known.get(key);
    if (known !== undefined || this.#known.has(key)) {
      return known;
    }
    const frame = decodeFrame(bytes);
    if (this.#known.size >= REMEMBERED) {
      this.#known.clear();
    }
    this.#known.set(key, frame);
    return frame;
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
