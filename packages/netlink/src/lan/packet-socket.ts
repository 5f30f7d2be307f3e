import { SystemCallError, succeeded } from '../errors.ts';
import type { SystemCalls } from '../ffi.ts';
import {
  AF_PACKET,
  enlargeReceiveBuffer,
  int32,
  SO_ATTACH_FILTER,
  SO_TIMESTAMPNS,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_PACKET,
  SOL_SOCKET,
} from '../socket/options.ts';
import { encodeFilter } from './filter.ts';

/** linux/if_packet.h */
const PACKET_MR_MULTICAST = 0;
const PACKET_MR_ALLMULTI = 2;

/** One protocol of one interface, as Ethernet frames. Protocol sockets do not see what the node itself sends. */
export class PacketSocket {
  readonly fd: number;
  readonly #system: SystemCalls;
  readonly #index: number;

  /** @throws {SystemCallError} without CAP_NET_RAW (EPERM), or without such an interface (ENODEV) */
  constructor(options: {
    system: SystemCalls;
    index: number;
    protocol: number;
    filter: Parameters<typeof encodeFilter>[0];
    /** Bytes. */
    receiveBuffer: number;
  }) {
    const { system, index, protocol, filter, receiveBuffer } = options;
    this.#system = system;
    this.#index = index;
    // Protocol 0 takes nothing in; only with the filter in place is the real one bound.
    const type = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
    this.fd = succeeded('open a packet socket', system.socket(AF_PACKET, type, 0), 'NET_RAW');
    try {
      this.#attach(encodeFilter(filter));
      enlargeReceiveBuffer(system, this.fd, receiveBuffer);
      succeeded('ask for timestamps', system.setsockopt(this.fd, SOL_SOCKET, SO_TIMESTAMPNS, int32(1)));
      // struct sockaddr_ll: u16 family, be16 protocol, i32 interface, then what only received frames fill in.
      const address = Buffer.alloc(20);
      address.writeUInt16LE(AF_PACKET, 0);
      address.writeUInt16BE(protocol, 2);
      address.writeInt32LE(index, 4);
      succeeded(`bind a packet socket to interface ${index}`, system.bind(this.fd, address));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Sends one frame; an error number when that fails, else 0. */
  send(frame: Buffer): number {
    return Math.max(0, -this.#system.send(this.fd, frame, 0));
  }

  /** Takes one multicast group in, or all of them, or no longer; `option` is PACKET_ADD_ or PACKET_DROP_MEMBERSHIP. */
  membership(option: number, group: Uint8Array | 'all'): SystemCallError | undefined {
    // struct packet_mreq: i32 interface, u16 type, u16 length, u8 address[8].
    const request = Buffer.alloc(16);
    request.writeInt32LE(this.#index, 0);
    if (group === 'all') {
      request.writeUInt16LE(PACKET_MR_ALLMULTI, 4);
    } else {
      request.writeUInt16LE(PACKET_MR_MULTICAST, 4);
      request.writeUInt16LE(group.length, 6);
      request.set(group, 8);
    }
    const result = this.#system.setsockopt(this.fd, SOL_PACKET, option, request);
    return result < 0 ? new SystemCallError('change multicast groups', -result) : undefined;
  }

  /** Closes the socket; memberships end with it. */
  close(): void {
    this.#system.close(this.fd);
  }

  #attach(program: Buffer): void {
    // struct sock_fprog: u16 count, padding, pointer; the kernel copies the program before it returns.
    const filter = Buffer.alloc(16);
    filter.writeUInt16LE(program.length / 8, 0);
    filter.writeBigUInt64LE(this.#system.pointer(program), 8);
    succeeded('attach a packet filter', this.#system.setsockopt(this.fd, SOL_SOCKET, SO_ATTACH_FILTER, filter));
  }
}
