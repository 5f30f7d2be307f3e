interface FrameBase {
  /** When the switch saw it, on the lab's clock. */
  readonly at: number;
  readonly sourceMac: string;
  readonly destinationMac: string;
}

/** An ARP packet (RFC 826). */
export interface ArpEvent extends FrameBase {
  readonly type: 'arp';
  readonly operation: 'request' | 'reply';
  readonly senderMac: string;
  readonly senderAddress: string;
  readonly targetMac: string;
  readonly targetAddress: string;
}

/** A neighbour solicitation (RFC 4861 4.3). */
export interface SolicitationEvent extends FrameBase {
  readonly type: 'solicitation';
  readonly source: string;
  readonly destination: string;
  readonly target: string;
}

/** A neighbour advertisement (RFC 4861 4.4). */
export interface AdvertisementEvent extends FrameBase {
  readonly type: 'advertisement';
  readonly source: string;
  readonly destination: string;
  readonly target: string;
  /** The target's MAC by its option, else undefined. */
  readonly targetMac: string | undefined;
  readonly router: boolean;
  readonly solicited: boolean;
  readonly override: boolean;
}

/** What the LAN says about who has an address. IPv6 addresses are in RFC 5952 form. */
export type LanEvent = ArpEvent | SolicitationEvent | AdvertisementEvent;

const ETHERTYPE = { arp: 0x08_06, ipv6: 0x86_dd };
const ICMPV6 = 58;

/** Reads an Ethernet frame. @returns undefined when it is neither ARP nor neighbour discovery, or cut short */
export function parseLanFrame(at: number, frame: Buffer): LanEvent | undefined {
  if (frame.length < 42) return undefined;
  const base: FrameBase = { at, destinationMac: mac(frame, 0), sourceMac: mac(frame, 6) };
  const payload = frame.subarray(14);
  switch (frame.readUInt16BE(12)) {
    case ETHERTYPE.arp:
      return parseArp(base, payload);
    case ETHERTYPE.ipv6:
      return parseNeighbourDiscovery(base, payload);
    default:
      return undefined;
  }
}

function parseArp(base: FrameBase, arp: Buffer): ArpEvent | undefined {
  const operation = arp.readUInt16BE(6);
  if (operation !== 1 && operation !== 2) return undefined;
  return {
    ...base,
    type: 'arp',
    operation: operation === 1 ? 'request' : 'reply',
    senderMac: mac(arp, 8),
    senderAddress: ipv4(arp, 14),
    targetMac: mac(arp, 18),
    targetAddress: ipv4(arp, 24),
  };
}

function parseNeighbourDiscovery(base: FrameBase, packet: Buffer): SolicitationEvent | AdvertisementEvent | undefined {
  if (packet.length < 64 || packet.readUInt8(6) !== ICMPV6) return undefined;
  const [source, destination] = [ipv6(packet, 8), ipv6(packet, 24)];
  const message = packet.subarray(40);
  const target = ipv6(message, 8);
  switch (message.readUInt8(0)) {
    case 135:
      return { ...base, type: 'solicitation', source, destination, target };
    case 136: {
      const flags = message.readUInt8(4);
      const option = message.length >= 32 && message.readUInt8(24) === 2 ? mac(message, 26) : undefined;
      return {
        ...base,
        type: 'advertisement',
        source,
        destination,
        target,
        targetMac: option,
        router: (flags & 0x80) !== 0,
        solicited: (flags & 0x40) !== 0,
        override: (flags & 0x20) !== 0,
      };
    }
    default:
      return undefined;
  }
}

/** Does this frame say that somebody has the address: an answer, an announcement, a question in its name? Who? */
export function claimant(event: LanEvent, address: string): string | undefined {
  if (event.type === 'arp') return event.senderAddress === address ? event.senderMac : undefined;
  if (event.type === 'solicitation') return event.source === address ? event.sourceMac : undefined;
  return event.target === address ? (event.targetMac ?? event.sourceMac) : undefined;
}

function mac(bytes: Buffer, offset: number): string {
  return Array.from(bytes.subarray(offset, offset + 6), (byte) => byte.toString(16).padStart(2, '0')).join(':');
}

function ipv4(bytes: Buffer, offset: number): string {
  return bytes.subarray(offset, offset + 4).join('.');
}

/** RFC 5952 form, by the URL parser, which has to know it. */
function ipv6(bytes: Buffer, offset: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(offset + index * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
