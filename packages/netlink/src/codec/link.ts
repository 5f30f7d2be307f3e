import { formatMAC } from '../mac.ts';
import { eachAttribute, readText, readUint32, readUint8 } from './attributes.ts';
import {
  IFF_BROADCAST,
  IFF_LOOPBACK,
  IFF_LOWER_UP,
  IFF_MULTICAST,
  IFF_NOARP,
  IFF_POINTOPOINT,
  IFF_RUNNING,
  IFF_UP,
  IFLA_ADDRESS,
  IFLA_CARRIER,
  IFLA_EVENT,
  IFLA_EVENT_BONDING_FAILOVER,
  IFLA_EVENT_NOTIFY_PEERS,
  IFLA_IFNAME,
  IFLA_INFO_KIND,
  IFLA_INFO_SLAVE_KIND,
  IFLA_LINK,
  IFLA_LINKINFO,
  IFLA_MASTER,
  IFLA_MTU,
  IFLA_OPERSTATE,
} from './constants.ts';
import type { Message } from './message.ts';
import { attributesStart } from './message.ts';

/** RFC 2863 operational states in the kernel's order (linux/if.h IF_OPER_*). */
const OPERATIONAL_STATES = ['unknown', 'notpresent', 'down', 'lowerlayerdown', 'testing', 'dormant', 'up'] as const;

export type OperationalState = (typeof OPERATIONAL_STATES)[number];

export interface LinkFlags {
  /** Somebody switched the interface on (`ip link set up`). */
  readonly up: boolean;
  /** Operational: carrier, and not dormant. */
  readonly running: boolean;
  /** The driver has a carrier. */
  readonly lowerUp: boolean;
  readonly broadcast: boolean;
  readonly loopback: boolean;
  readonly pointToPoint: boolean;
  readonly noARP: boolean;
  readonly multicast: boolean;
}

/** A network interface, as `ip -d link` shows it. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** Hardware address as text, such as `52:54:00:12:34:56`; some kinds of interface have none. */
  readonly mac?: string | undefined;
  readonly mtu: number;
  readonly flags: LinkFlags;
  readonly operationalState: OperationalState;
  /** `undefined` where the kernel does not say. */
  readonly carrier?: boolean | undefined;
  /** `dummy`, `ifb`, `veth`, `bridge`, `bond`, `vlan` …; physical interfaces have none. */
  readonly kind?: string | undefined;
  /** What its master makes of it, `bridge` or `bond`. */
  readonly slaveKind?: string | undefined;
  /** Index of the bridge, bond or VRF that it belongs to. */
  readonly master?: number | undefined;
  /** Index of the interface below (VLAN, macvlan) or opposite (veth; possibly in another namespace). */
  readonly parent?: number | undefined;
}

/**
 * Why the kernel tells of a link that looks as before, where its neighbours are to hear of it (IFLA_EVENT): a bond sends by
 * another port now; or a driver asks for announcements, as those of bonds, teams and virtual machines that were moved do.
 */
export type LinkCause = 'bonding-failover' | 'notify-peers';

/** struct ifinfomsg: u8 family, u8 pad, u16 type, i32 index, u32 flags, u32 change. */
export const LINK_HEADER = 16;

/** The structure before the attributes of a link request. */
export function linkHeader(options: { index?: number; flags?: number; change?: number } = {}): Buffer {
  const header = Buffer.alloc(LINK_HEADER);
  header.writeInt32LE(options.index ?? 0, 4);
  header.writeUInt32LE(options.flags ?? 0, 8);
  header.writeUInt32LE(options.change ?? 0, 12);
  return header;
}

/** The address family of a link message; bridges send RTM_DELLINK with AF_BRIDGE when a port leaves, not the link. */
export function linkFamily(message: Message): number {
  attributesStart(message, LINK_HEADER);
  return message.bytes.readUInt8(message.start);
}

/**
 * Reads RTM_NEWLINK and RTM_DELLINK.
 * @throws {DecodeError} when the bytes are no such message
 */
export function decodeLink(message: Message): Link {
  const { bytes, start } = message;
  const from = attributesStart(message, LINK_HEADER);
  const flags = bytes.readUInt32LE(start + 8);
  const link: { -readonly [Key in keyof Link]: Link[Key] } = {
    index: bytes.readInt32LE(start + 4),
    name: '',
    mac: undefined,
    mtu: 0,
    flags: {
      up: (flags & IFF_UP) !== 0,
      running: (flags & IFF_RUNNING) !== 0,
      lowerUp: (flags & IFF_LOWER_UP) !== 0,
      broadcast: (flags & IFF_BROADCAST) !== 0,
      loopback: (flags & IFF_LOOPBACK) !== 0,
      pointToPoint: (flags & IFF_POINTOPOINT) !== 0,
      noARP: (flags & IFF_NOARP) !== 0,
      multicast: (flags & IFF_MULTICAST) !== 0,
    },
    operationalState: 'unknown',
    carrier: undefined,
    kind: undefined,
    slaveKind: undefined,
    master: undefined,
    parent: undefined,
  };
  eachAttribute(bytes, from, message.end, (type, at, end) => {
    switch (type) {
      case IFLA_IFNAME:
        link.name = readText(bytes, at, end);
        break;
      case IFLA_ADDRESS:
        link.mac = end > at ? formatMAC(bytes.subarray(at, end)) : undefined;
        break;
      case IFLA_MTU:
        link.mtu = readUint32(bytes, at, end);
        break;
      case IFLA_MASTER:
        link.master = readUint32(bytes, at, end);
        break;
      case IFLA_LINK:
        link.parent = readUint32(bytes, at, end);
        break;
      case IFLA_OPERSTATE:
        link.operationalState = OPERATIONAL_STATES[readUint8(bytes, at, end)] ?? 'unknown';
        break;
      case IFLA_CARRIER:
        link.carrier = readUint8(bytes, at, end) !== 0;
        break;
      case IFLA_LINKINFO:
        eachAttribute(bytes, at, end, (infoType, infoAt, infoEnd) => {
          if (infoType === IFLA_INFO_KIND) {
            link.kind = readText(bytes, infoAt, infoEnd);
          } else if (infoType === IFLA_INFO_SLAVE_KIND) {
            link.slaveKind = readText(bytes, infoAt, infoEnd);
          }
        });
        break;
      default:
        break;
    }
  });
  return link;
}

/**
 * Reads why RTM_NEWLINK was sent; `undefined` where it is none of {@link LinkCause}, as in dumps.
 * @throws {DecodeError} when the bytes are no such message
 */
export function decodeLinkCause(message: Message): LinkCause | undefined {
  const { bytes } = message;
  let event = 0;
  eachAttribute(bytes, attributesStart(message, LINK_HEADER), message.end, (type, at, end) => {
    if (type === IFLA_EVENT) {
      event = readUint32(bytes, at, end);
    }
  });
  switch (event) {
    case IFLA_EVENT_BONDING_FAILOVER:
      return 'bonding-failover';
    case IFLA_EVENT_NOTIFY_PEERS:
      return 'notify-peers';
    default:
      return undefined;
  }
}
