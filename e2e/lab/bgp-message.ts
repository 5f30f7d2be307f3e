/** Types of BGP messages (RFC 4271 4.1, RFC 2918). */
export type BgpMessageType = 'open' | 'update' | 'notification' | 'keepalive' | 'route-refresh';

const TYPES: Readonly<Record<number, BgpMessageType>> = {
  1: 'open',
  2: 'update',
  3: 'notification',
  4: 'keepalive',
  5: 'route-refresh',
};

/** A BGP message on its way. */
export interface BgpEvent {
  /** When it was seen, on the lab's clock. */
  readonly at: number;
  /** MAC of the sender. */
  readonly sourceMac: string;
  readonly type: BgpMessageType;
}

const ETHERNET_LENGTH = 14;
const ETHERTYPE = { ipv4: 0x08_00, ipv6: 0x86_dd };
const IPV6_LENGTH = 40;
/** What each message begins with; its length (two bytes) and its type follow. */
const MARKER = Buffer.alloc(16, 0xff);
const HEADER_LENGTH = 19;

/**
 * The BGP messages that begin in an Ethernet frame of a session. One that goes on in the next segment counts where it
 * begins.
 */
export function parseBgpFrame(at: number, frame: Buffer): BgpEvent[] {
  const payload = tcpPayload(frame);
  const sourceMac = frame.toString('hex', 6, 12).replaceAll(/(..)(?!$)/g, '$1:');
  const events: BgpEvent[] = [];
  for (let from = payload.indexOf(MARKER); from >= 0 && from + HEADER_LENGTH <= payload.length;) {
    const type = TYPES[payload.readUInt8(from + 18)];
    if (type !== undefined) events.push({ at, sourceMac, type });
    const next = from + Math.max(HEADER_LENGTH, payload.readUInt16BE(from + 16));
    from = payload.indexOf(MARKER, next);
  }
  return events;
}

function tcpPayload(frame: Buffer): Buffer {
  const packet = frame.subarray(ETHERNET_LENGTH);
  const segment = ipPayload(frame.readUInt16BE(12), packet);
  return segment.length < 20 ? Buffer.alloc(0) : segment.subarray((segment.readUInt8(12) >> 4) * 4);
}

/** Without what pads a short frame. */
function ipPayload(ethertype: number, packet: Buffer): Buffer {
  switch (ethertype) {
    case ETHERTYPE.ipv4:
      return packet.subarray((packet.readUInt8(0) & 0x0f) * 4, packet.readUInt16BE(2));
    case ETHERTYPE.ipv6:
      return packet.subarray(IPV6_LENGTH, IPV6_LENGTH + packet.readUInt16BE(4));
    default:
      return Buffer.alloc(0);
  }
}
