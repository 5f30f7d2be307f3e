import type { Address } from '../address.ts';
import { formatMAC } from '../mac.ts';
import { eachAttribute } from './attributes.ts';
import { NDA_DST, NDA_LLADDR } from './constants.ts';
import { familyOf, readAddressAttribute } from './family.ts';
import type { Message } from './message.ts';
import { attributesStart } from './message.ts';

/** linux/neighbour.h NUD_*: one bit each. */
const STATES = [
  [0x01, 'incomplete'],
  [0x02, 'reachable'],
  [0x04, 'stale'],
  [0x08, 'delay'],
  [0x10, 'probe'],
  [0x20, 'failed'],
  [0x40, 'noarp'],
  [0x80, 'permanent'],
] as const;

export type NeighbourState = (typeof STATES)[number][1] | 'none';

/** An entry of the neighbour table, as `ip neigh` shows it. */
export interface Neighbour {
  readonly index: number;
  readonly address: Address;
  /** Absent while unresolved. */
  readonly mac?: string | undefined;
  readonly state: NeighbourState;
  /** IPv6: it says of itself that it is a router. */
  readonly router: boolean;
  /** We answer for the address on this interface (`ip neigh add proxy`). */
  readonly proxy: boolean;
}

/** struct ndmsg: u8 family, 3 pad, i32 index, u16 state, u8 flags, u8 type. */
export const NEIGHBOUR_HEADER = 12;

const NTF_PROXY = 0x08;
const NTF_ROUTER = 0x80;

/**
 * Reads RTM_NEWNEIGH and RTM_DELNEIGH.
 * @returns `undefined` for other families (bridge forwarding entries come as AF_BRIDGE) and entries without an address
 * @throws {DecodeError} when the bytes are no such message
 */
export function decodeNeighbour(message: Message): Neighbour | undefined {
  const { bytes, start } = message;
  const from = attributesStart(message, NEIGHBOUR_HEADER);
  const family = familyOf(bytes.readUInt8(start));
  if (family === undefined) {
    return undefined;
  }
  let address: Address | undefined;
  let mac: string | undefined;
  eachAttribute(bytes, from, message.end, (type, at, end) => {
    if (type === NDA_DST) {
      address = readAddressAttribute(bytes, at, end, family);
    } else if (type === NDA_LLADDR && end > at) {
      mac = formatMAC(bytes.subarray(at, end));
    }
  });
  if (address === undefined) {
    return undefined;
  }
  const state = bytes.readUInt16LE(start + 8);
  const flags = bytes.readUInt8(start + 10);
  return {
    index: bytes.readInt32LE(start + 4),
    address,
    mac,
    state: STATES.find(([bit]) => (state & bit) !== 0)?.[1] ?? 'none',
    router: (flags & NTF_ROUTER) !== 0,
    proxy: (flags & NTF_PROXY) !== 0,
  };
}
