import type { Address } from '../address.ts';
import { readAddress, writeAddress } from '../address.ts';
import { formatMAC, MAC_SIZE, parseMAC, solicitedNodeAddress } from '../mac.ts';
import type { NeighbourAdvertisement, NeighbourSolicitation } from './frame.ts';
import { ETHERNET_HEADER, ETHERTYPE_IPV6 } from './frame.ts';

/** Where things stand in a frame: IPv6 behind Ethernet, ICMPv6 right behind that (RFC 8200 3, RFC 4861 4.3 and 4.4). */
const IPV6 = ETHERNET_HEADER;
const IPV6_HEADER = 40;
const ICMPV6 = IPV6 + IPV6_HEADER;
const TARGET = ICMPV6 + 8;
const OPTIONS = TARGET + 16;

const NEXT_HEADER_ICMPV6 = 58;
export const SOLICITATION = 135;
export const ADVERTISEMENT = 136;

/** Proves that no router forwarded the packet: a frame with any other hop limit is to be dropped (RFC 4861 7.1). */
const HOP_LIMIT = 255;

/** Option types; both have the length 1, in units of eight bytes, on Ethernet (RFC 2464 6). */
const SOURCE_LINK_LAYER = 1;
const TARGET_LINK_LAYER = 2;
const LINK_LAYER_OPTION = 8;

const ROUTER = 0x80;
const SOLICITED = 0x40;
const OVERRIDE = 0x20;

/** The Internet checksum over the pseudo-header and the packet (RFC 8200 8.1); 0 where the stored one is right. */
function checksum(bytes: Buffer, payload: number): number {
  let sum = payload + NEXT_HEADER_ICMPV6;
  for (let offset = IPV6 + 8; offset < ICMPV6 + payload; offset += 2) {
    sum += offset + 1 < ICMPV6 + payload ? bytes.readUInt16BE(offset) : bytes.readUInt8(offset) << 8;
  }
  while (sum > 0xffff) {
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  return ~sum & 0xffff;
}

/** The bytes of a solicitation or an advertisement, Ethernet and IPv6 headers and the checksum included. */
export function encodeNeighbourDiscovery(frame: NeighbourSolicitation | NeighbourAdvertisement): Buffer {
  const solicitation = frame.kind === 'neighbourSolicitation';
  const linkLayer = solicitation ? frame.sourceLinkLayer : frame.targetLinkLayer;
  const payload = OPTIONS - ICMPV6 + (linkLayer === undefined ? 0 : LINK_LAYER_OPTION);
  const bytes = Buffer.alloc(ICMPV6 + payload);
  bytes.set(parseMAC(frame.destinationMAC), 0);
  bytes.set(parseMAC(frame.sourceMAC), 6);
  bytes.writeUInt16BE(ETHERTYPE_IPV6, 12);
  bytes.writeUInt8(0x60, IPV6);
  bytes.writeUInt16BE(payload, IPV6 + 4);
  bytes.writeUInt8(NEXT_HEADER_ICMPV6, IPV6 + 6);
  bytes.writeUInt8(HOP_LIMIT, IPV6 + 7);
  writeAddress(bytes, IPV6 + 8, frame.source);
  writeAddress(bytes, IPV6 + 24, frame.destination);
  bytes.writeUInt8(solicitation ? SOLICITATION : ADVERTISEMENT, ICMPV6);
  if (!solicitation) {
    const flags = (frame.router ? ROUTER : 0) | (frame.solicited ? SOLICITED : 0) | (frame.override ? OVERRIDE : 0);
    bytes.writeUInt8(flags, ICMPV6 + 4);
  }
  writeAddress(bytes, TARGET, frame.target);
  if (linkLayer !== undefined) {
    bytes.writeUInt8(solicitation ? SOURCE_LINK_LAYER : TARGET_LINK_LAYER, OPTIONS);
    bytes.writeUInt8(1, OPTIONS + 1);
    bytes.set(parseMAC(linkLayer), OPTIONS + 2);
  }
  bytes.writeUInt16BE(checksum(bytes, payload), ICMPV6 + 2);
  return bytes;
}

/**
 * Reads a solicitation or an advertisement.
 * @returns `undefined` for anything else, and for what RFC 4861 7.1.1 and 7.1.2 say to drop: hop limit, checksum, code,
 *   target, options, flags that contradict the addresses
 */
export function decodeNeighbourDiscovery(bytes: Buffer): NeighbourSolicitation | NeighbourAdvertisement | undefined {
  if (bytes.length < OPTIONS || bytes.readUInt8(IPV6) >> 4 !== 6) {
    return undefined;
  }
  const payload = bytes.readUInt16BE(IPV6 + 4);
  const type = bytes.readUInt8(ICMPV6);
  const plausible =
    bytes.readUInt8(IPV6 + 6) === NEXT_HEADER_ICMPV6 &&
    bytes.readUInt8(IPV6 + 7) === HOP_LIMIT &&
    (type === SOLICITATION || type === ADVERTISEMENT) &&
    bytes.readUInt8(ICMPV6 + 1) === 0 &&
    payload >= OPTIONS - ICMPV6 &&
    ICMPV6 + payload <= bytes.length &&
    checksum(bytes, payload) === 0;
  const options = plausible ? linkLayerOptions(bytes, ICMPV6 + payload) : undefined;
  const target = readAddress(bytes, TARGET, 'IPv6');
  if (options === undefined || isMulticast(target)) {
    return undefined;
  }
  const common = {
    destinationMAC: formatMAC(bytes.subarray(0, MAC_SIZE)),
    sourceMAC: formatMAC(bytes.subarray(MAC_SIZE, 2 * MAC_SIZE)),
    source: readAddress(bytes, IPV6 + 8, 'IPv6'),
    destination: readAddress(bytes, IPV6 + 24, 'IPv6'),
    target,
  };
  if (type === SOLICITATION) {
    const detection = common.source.value === 0n;
    const toGroup = common.destination.value === solicitedNodeAddress(common.destination).value;
    return detection && (!toGroup || options.source !== undefined)
      ? undefined
      : { kind: 'neighbourSolicitation', ...common, sourceLinkLayer: options.source };
  }
  const flags = bytes.readUInt8(ICMPV6 + 4);
  const solicited = (flags & SOLICITED) !== 0;
  return solicited && isMulticast(common.destination)
    ? undefined
    : {
        kind: 'neighbourAdvertisement',
        ...common,
        router: (flags & ROUTER) !== 0,
        solicited,
        override: (flags & OVERRIDE) !== 0,
        targetLinkLayer: options.target,
      };
}

function isMulticast(address: Address): boolean {
  return address.value >> 120n === 0xffn;
}

interface LinkLayerOptions {
  readonly source: string | undefined;
  readonly target: string | undefined;
}

/** `undefined` when an option is empty or longer than the packet, which condemns the packet (RFC 4861 4.6). */
function linkLayerOptions(bytes: Buffer, end: number): LinkLayerOptions | undefined {
  let source: string | undefined;
  let target: string | undefined;
  for (let offset = OPTIONS; offset < end;) {
    const length = offset + 1 < end ? bytes.readUInt8(offset + 1) * 8 : 0;
    if (length === 0 || offset + length > end) {
      return undefined;
    }
    const type = bytes.readUInt8(offset);
    if (type === SOURCE_LINK_LAYER) {
      source = formatMAC(bytes.subarray(offset + 2, offset + 2 + MAC_SIZE));
    } else if (type === TARGET_LINK_LAYER) {
      target = formatMAC(bytes.subarray(offset + 2, offset + 2 + MAC_SIZE));
    }
    offset += length;
  }
  return { source, target };
}
