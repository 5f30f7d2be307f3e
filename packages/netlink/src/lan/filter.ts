import { ETHERNET_HEADER } from '../frames/frame.ts';
import { ADVERTISEMENT, SOLICITATION } from '../frames/neighbour-discovery.ts';

/** One instruction of the classic packet filter (linux/filter.h, struct sock_filter). */
interface Instruction {
  readonly code: number;
  /** Instructions to skip when the comparison holds, and when it does not. */
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** linux/bpf_common.h */
const LOAD_BYTE = 0x30;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER_OR_EQUAL = 0x35;
const JUMP_GREATER = 0x25;
const RETURN = 0x06;

/** linux/filter.h: SKF_AD_OFF + SKF_AD_PKTTYPE, for whom the frame is. */
const PACKET_TYPE = 0xffff_f004;

/**
 * linux/if_packet.h: what the kernel calls a frame by its destination, compared with the MAC that the interface has at
 * that moment, so a filter by type needs no change with the MAC. Never let through: PACKET_OTHERHOST (3). Besides unicast
 * frames for other stations, frames of a VLAN that has no interface here come with this type and without their tag
 * (net/core/dev.c), and would look as if they were of this LAN.
 */
const PACKET_HOST = 0;
const PACKET_BROADCAST = 1;
const PACKET_MULTICAST = 2;

/** For whom frames are: this station alone, or many. */
export type Audience = 'station' | 'group';

const TYPES: Readonly<Record<Audience, { readonly first: number; readonly last: number }>> = {
  station: { first: PACKET_HOST, last: PACKET_HOST },
  group: { first: PACKET_BROADCAST, last: PACKET_MULTICAST },
};

const WHOLE_PACKET = 0xffff_ffff;
const NOTHING = 0;

function load(k: number): Instruction {
  return { code: LOAD_BYTE, jt: 0, jf: 0, k };
}

function verdict(k: number): Instruction {
  return { code: RETURN, jt: 0, jf: 0, k };
}

/** Goes on where the frame is for that audience, else jumps over the `rest` instructions behind it. */
function only(audience: Audience, rest: number): readonly Instruction[] {
  const { first, last } = TYPES[audience];
  return [
    load(PACKET_TYPE),
    { code: JUMP_GREATER_OR_EQUAL, jt: 0, jf: rest + 1, k: first },
    { code: JUMP_GREATER, jt: rest, jf: 0, k: last },
  ];
}

/** Lets through every ARP frame for the audience; the socket sees no other protocol. */
export function arpFilter(audience: Audience): readonly Instruction[] {
  return [...only(audience, 1), verdict(WHOLE_PACKET), verdict(NOTHING)];
}

const NEXT_HEADER = ETHERNET_HEADER + 6;
const ICMPV6_TYPE = ETHERNET_HEADER + 40;
const ICMPV6 = 58;

/**
 * Lets through solicitations and advertisements for the audience; the socket sees all IPv6, so this saves waking up for
 * traffic.
 */
export function neighbourDiscoveryFilter(audience: Audience): readonly Instruction[] {
  return [
    ...only(audience, 6),
    load(NEXT_HEADER),
    { code: JUMP_EQUAL, jt: 0, jf: 4, k: ICMPV6 },
    load(ICMPV6_TYPE),
    { code: JUMP_GREATER_OR_EQUAL, jt: 0, jf: 2, k: SOLICITATION },
    { code: JUMP_GREATER, jt: 1, jf: 0, k: ADVERTISEMENT },
    verdict(WHOLE_PACKET),
    verdict(NOTHING),
  ];
}

/** The program as the kernel reads it: 8 bytes an instruction. */
export function encodeFilter(filter: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(filter.length * 8);
  filter.forEach(({ code, jt, jf, k }, position) => {
    bytes.writeUInt16LE(code, position * 8);
    bytes.writeUInt8(jt, position * 8 + 2);
    bytes.writeUInt8(jf, position * 8 + 3);
    bytes.writeUInt32LE(k, position * 8 + 4);
  });
  return bytes;
}
