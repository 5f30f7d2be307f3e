import type { Address } from '../address.ts';
import { DecodeError } from '../errors.ts';
import { eachAttribute, readText, readUint32, readUint8 } from './attributes.ts';
import {
  IFA_ADDRESS,
  IFA_BROADCAST,
  IFA_CACHEINFO,
  IFA_F_DADFAILED,
  IFA_F_DEPRECATED,
  IFA_F_MANAGETEMPADDR,
  IFA_F_NODAD,
  IFA_F_NOPREFIXROUTE,
  IFA_F_OPTIMISTIC,
  IFA_F_PERMANENT,
  IFA_F_SECONDARY,
  IFA_F_TENTATIVE,
  IFA_FLAGS,
  IFA_LABEL,
  IFA_LOCAL,
  IFA_PROTO,
  IFA_RT_PRIORITY,
  INFINITE_LIFETIME,
} from './constants.ts';
import { familyOf, readAddressAttribute } from './family.ts';
import type { Message } from './message.ts';
import { attributesStart } from './message.ts';

export interface InterfaceAddressFlags {
  /** Without an end of its lifetime. */
  readonly permanent: boolean;
  /** The kernel made no route for the address's network. */
  readonly noprefixroute: boolean;
  /** IPv6 without duplicate address detection. */
  readonly nodad: boolean;
  /** IPv6: duplicate address detection runs; nothing answers for the address yet. */
  readonly tentative: boolean;
  /** IPv6: duplicate address detection found another holder. */
  readonly dadFailed: boolean;
  readonly optimistic: boolean;
  /** Its preferred lifetime is over. */
  readonly deprecated: boolean;
  /** IPv4: not the first address of its network. IPv6: temporary (RFC 8981). */
  readonly secondary: boolean;
  readonly manageTemporary: boolean;
}

/** An address on an interface, as `ip addr` shows it. */
export interface InterfaceAddress {
  readonly index: number;
  /** The node's own address (IFA_LOCAL; on a point-to-point link the opposite one is `peer`). */
  readonly address: Address;
  readonly length: number;
  readonly peer?: Address | undefined;
  readonly broadcast?: Address | undefined;
  /** IPv4 only, such as `eth0:1`. */
  readonly label?: string | undefined;
  /** IFA_PROTO, who made it; kernels before 5.18 keep none. */
  readonly protocol?: number | undefined;
  /** IFA_RT_PRIORITY, the metric of the route to its network; kept (since 4.18) where there is no such route as well. */
  readonly metric?: number | undefined;
  readonly flags: InterfaceAddressFlags;
  /** One of {@link SCOPE}. */
  readonly scope: number;
  /** Seconds left when the kernel answered; `Infinity` when it has no end. */
  readonly validLifetime: number;
  /** Seconds until it is deprecated; 0 when it is. */
  readonly preferredLifetime: number;
}

/** struct ifaddrmsg: u8 family, u8 prefix length, u8 flags, u8 scope, u32 index. */
export const ADDRESS_HEADER = 8;

/** struct ifa_cacheinfo: u32 preferred, u32 valid (seconds), u32 created, u32 changed (1/100 s since boot). */
export const CACHEINFO_SIZE = 16;

/** A lifetime of the API as the kernel counts it. */
export function encodeLifetime(seconds: number): number {
  return Math.min(Math.max(Math.ceil(seconds), 0), INFINITE_LIFETIME);
}

function decodeLifetime(seconds: number): number {
  return seconds === INFINITE_LIFETIME ? Infinity : seconds;
}

function decodeFlags(bits: number): InterfaceAddressFlags {
  return {
    permanent: (bits & IFA_F_PERMANENT) !== 0,
    noprefixroute: (bits & IFA_F_NOPREFIXROUTE) !== 0,
    nodad: (bits & IFA_F_NODAD) !== 0,
    tentative: (bits & IFA_F_TENTATIVE) !== 0,
    dadFailed: (bits & IFA_F_DADFAILED) !== 0,
    optimistic: (bits & IFA_F_OPTIMISTIC) !== 0,
    deprecated: (bits & IFA_F_DEPRECATED) !== 0,
    secondary: (bits & IFA_F_SECONDARY) !== 0,
    manageTemporary: (bits & IFA_F_MANAGETEMPADDR) !== 0,
  };
}

/**
 * Reads RTM_NEWADDR and RTM_DELADDR.
 * @returns `undefined` for a family other than IPv4 and IPv6
 * @throws {DecodeError} when the bytes are no such message
 */
export function decodeInterfaceAddress(message: Message): InterfaceAddress | undefined {
  const { bytes, start } = message;
  const from = attributesStart(message, ADDRESS_HEADER);
  const family = familyOf(bytes.readUInt8(start));
  if (family === undefined) {
    return undefined;
  }
  let local: Address | undefined;
  let peer: Address | undefined;
  let broadcast: Address | undefined;
  let label: string | undefined;
  let protocol: number | undefined;
  let metric: number | undefined;
  let flags = bytes.readUInt8(start + 2);
  let preferredLifetime = Infinity;
  let validLifetime = Infinity;
  eachAttribute(bytes, from, message.end, (type, at, end) => {
    switch (type) {
      case IFA_LOCAL:
        local = readAddressAttribute(bytes, at, end, family);
        break;
      case IFA_ADDRESS:
        peer = readAddressAttribute(bytes, at, end, family);
        break;
      case IFA_BROADCAST:
        broadcast = readAddressAttribute(bytes, at, end, family);
        break;
      case IFA_LABEL:
        label = readText(bytes, at, end);
        break;
      case IFA_PROTO:
        protocol = readUint8(bytes, at, end);
        break;
      case IFA_RT_PRIORITY:
        metric = readUint32(bytes, at, end);
        break;
      case IFA_FLAGS:
        flags = readUint32(bytes, at, end);
        break;
      case IFA_CACHEINFO:
        if (end - at >= CACHEINFO_SIZE) {
          preferredLifetime = decodeLifetime(bytes.readUInt32LE(at));
          validLifetime = decodeLifetime(bytes.readUInt32LE(at + 4));
        }
        break;
      default:
        break;
    }
  });
  // IPv6 sends IFA_LOCAL only where a peer is set; IPv4 always sends both (net/ipv6/addrconf.c inet6_fill_ifaddr).
  const address = local ?? peer;
  if (address === undefined) {
    throw new DecodeError('an address message names no address');
  }
  return {
    index: bytes.readUInt32LE(start + 4),
    address,
    length: bytes.readUInt8(start + 1),
    peer: peer !== undefined && peer.value !== address.value ? peer : undefined,
    broadcast,
    label,
    protocol,
    metric,
    flags: decodeFlags(flags),
    scope: bytes.readUInt8(start + 3),
    validLifetime,
    preferredLifetime,
  };
}
