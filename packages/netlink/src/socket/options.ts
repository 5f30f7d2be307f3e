import { succeeded } from '../errors.ts';
import type { SystemCalls } from '../ffi.ts';

/** bits/socket.h, linux/netlink.h, linux/if_packet.h; the same on every architecture that is supported. */
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const MSG_DONTWAIT = 0x40;
export const SOL_SOCKET = 1;
export const SO_RCVBUF = 8;
export const SO_ATTACH_FILTER = 26;
export const SO_RCVBUFFORCE = 33;
export const SO_TIMESTAMPNS = 35;
export const SOL_PACKET = 263;
export const PACKET_ADD_MEMBERSHIP = 1;
export const PACKET_DROP_MEMBERSHIP = 2;
export const SOL_NETLINK = 270;
export const NETLINK_ROUTE = 0;
export const NETLINK_ADD_MEMBERSHIP = 1;
export const NETLINK_CAP_ACK = 10;
export const NETLINK_EXT_ACK = 11;
export const NETLINK_GET_STRICT_CHK = 12;

/** An int as setsockopt takes it. */
export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

/**
 * Gives a socket a large receive buffer. The default holds about 256 netlink events, or the acknowledgements of a few
 * hundred requests; what does not fit is lost. Without CAP_NET_ADMIN it becomes what net.core.rmem_max allows.
 */
export function enlargeReceiveBuffer(system: SystemCalls, fd: number, bytes: number): void {
  if (system.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, int32(bytes)) < 0) {
    succeeded('enlarge the receive buffer', system.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, int32(bytes)));
  }
}
