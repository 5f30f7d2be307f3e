import type { Address, IPFamily, Prefix } from '../address.ts';
import { addressSize } from '../address.ts';
import { DecodeError } from '../errors.ts';
import { eachAttribute, readUint32 } from './attributes.ts';
import {
  RTA_DST,
  RTA_GATEWAY,
  RTA_MULTIPATH,
  RTA_OIF,
  RTA_PREFSRC,
  RTA_PRIORITY,
  RTA_TABLE,
  RTA_VIA,
  RTM_F_CLONED,
} from './constants.ts';
import { familyOf, readAddressAttribute, unspecified } from './family.ts';
import type { Message } from './message.ts';
import { attributesStart } from './message.ts';

/** One of the ways that a route offers. */
export interface NextHop {
  /** Outgoing interface. */
  readonly index?: number | undefined;
  /** Router on the way; its family may differ from the route's (RTA_VIA, RFC 8950). */
  readonly gateway?: Address | undefined;
  /** 1 and up: its share of the flows. */
  readonly weight: number;
}

/** A route, as `ip route show table all` shows it. */
export interface Route {
  readonly family: IPFamily;
  /** `null` for the default route. */
  readonly dst: Prefix | null;
  /** Outgoing interface of the first next hop; blackholes have none. */
  readonly index?: number | undefined;
  /** Router of the first next hop; routes on link have none. */
  readonly gateway?: Address | undefined;
  /** Every next hop of a multipath route, the only one of any other. */
  readonly nextHops: readonly NextHop[];
  /** Smaller is better; 0 where the kernel gives none. */
  readonly metric: number;
  /** Who made it: one of {@link ROUTE_PROTOCOL}, or a number such as 201. */
  readonly protocol: number;
  /** One of {@link TABLE}, or a number. */
  readonly table: number;
  /** One of {@link ROUTE_TYPE}. */
  readonly type: number;
  /** One of {@link SCOPE}. */
  readonly scope: number;
  /** The source address that the node takes for packets of its own on this route. */
  readonly preferredSource?: Address | undefined;
}

/** struct rtmsg: u8 family, dst_len, src_len, tos, table, protocol, scope, type; u32 flags. */
export const ROUTE_HEADER = 12;

/** struct rtnexthop: u16 length, u8 flags, u8 hops (weight - 1), i32 interface. */
const NEXT_HOP_HEADER = 8;

function readVia(bytes: Buffer, start: number, end: number): Address | undefined {
  const family = end - start >= 2 ? familyOf(bytes.readUInt16LE(start)) : undefined;
  return family === undefined ? undefined : readAddressAttribute(bytes, start + 2, end, family);
}

function readNextHops(bytes: Buffer, start: number, end: number, family: IPFamily): NextHop[] {
  const hops: NextHop[] = [];
  let offset = start;
  while (offset + NEXT_HOP_HEADER <= end) {
    const length = bytes.readUInt16LE(offset);
    if (length < NEXT_HOP_HEADER || offset + length > end) {
      throw new DecodeError(`a next hop of ${length} bytes stands where ${end - offset} are left`);
    }
    let gateway: Address | undefined;
    eachAttribute(bytes, offset + NEXT_HOP_HEADER, offset + length, (type, at, to) => {
      if (type === RTA_GATEWAY) {
        gateway = readAddressAttribute(bytes, at, to, family);
      } else if (type === RTA_VIA) {
        gateway = readVia(bytes, at, to);
      }
    });
    hops.push({ index: bytes.readInt32LE(offset + 4), gateway, weight: bytes.readUInt8(offset + 3) + 1 });
    offset += (length + 3) & ~3;
  }
  return hops;
}

/**
 * Reads RTM_NEWROUTE and RTM_DELROUTE.
 * @returns `undefined` for a family other than IPv4 and IPv6, and for entries of the route cache
 * @throws {DecodeError} when the bytes are no such message
 */
export function decodeRoute(message: Message): Route | undefined {
  const { bytes, start } = message;
  const from = attributesStart(message, ROUTE_HEADER);
  const family = familyOf(bytes.readUInt8(start));
  if (family === undefined || (bytes.readUInt32LE(start + 8) & RTM_F_CLONED) !== 0) {
    return undefined;
  }
  const length = bytes.readUInt8(start + 1);
  if (length > addressSize(family) * 8) {
    throw new DecodeError(`an ${family} route has a prefix of ${length} bits`);
  }
  let destination: Address | undefined;
  let index: number | undefined;
  let gateway: Address | undefined;
  let preferredSource: Address | undefined;
  let metric = 0;
  let table = bytes.readUInt8(start + 4);
  let multipath: NextHop[] = [];
  eachAttribute(bytes, from, message.end, (type, at, end) => {
    switch (type) {
      case RTA_DST:
        destination = readAddressAttribute(bytes, at, end, family);
        break;
      case RTA_OIF:
        index = readUint32(bytes, at, end);
        break;
      case RTA_GATEWAY:
        gateway = readAddressAttribute(bytes, at, end, family);
        break;
      case RTA_VIA:
        gateway = readVia(bytes, at, end);
        break;
      case RTA_PREFSRC:
        preferredSource = readAddressAttribute(bytes, at, end, family);
        break;
      case RTA_PRIORITY:
        metric = readUint32(bytes, at, end);
        break;
      case RTA_TABLE:
        table = readUint32(bytes, at, end);
        break;
      case RTA_MULTIPATH:
        multipath = readNextHops(bytes, at, end, family);
        break;
      default:
        break;
    }
  });
  const single = index === undefined && gateway === undefined ? [] : [{ index, gateway, weight: 1 }];
  const nextHops = multipath.length > 0 ? multipath : single;
  const [first] = nextHops;
  const isDefault = length === 0;
  return {
    family,
    dst: isDefault ? null : { address: destination ?? unspecified(family), length },
    index: first?.index,
    gateway: first?.gateway,
    nextHops,
    metric,
    protocol: bytes.readUInt8(start + 5),
    table,
    type: bytes.readUInt8(start + 7),
    scope: bytes.readUInt8(start + 6),
    preferredSource,
  };
}
