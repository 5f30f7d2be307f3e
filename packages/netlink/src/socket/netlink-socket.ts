import { ERRNO, SystemCallError, succeeded } from '../errors.ts';
import type { SystemCalls } from '../ffi.ts';
import {
  AF_NETLINK,
  enlargeReceiveBuffer,
  int32,
  MSG_DONTWAIT,
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  NETLINK_ROUTE,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_NETLINK,
} from './options.ts';

/** Room for 30,000 acknowledgements or about 20,000 events. */
const RECEIVE_BUFFER = 8 * 1024 * 1024;

/** The kernel makes no datagram larger than 32 KiB in a dump (net/netlink/af_netlink.c, max_recvmsg_len). */
const DATAGRAM = 64 * 1024;

/** Datagrams to the kernel and back. */
export interface Datagrams {
  /**
   * Hands messages to the kernel, which has worked through all of them and queued its answers when this returns.
   * @throws {SystemCallError}
   */
  send(bytes: Buffer): void;
  /**
   * The next datagram; its bytes are valid until the next call.
   * @returns `undefined` when nothing is queued; 'overrun' when the kernel had to drop something (ENOBUFS)
   * @throws {SystemCallError}
   */
  receive(): Buffer | 'overrun' | undefined;
}

/** A non-blocking rtnetlink socket. */
export class NetlinkSocket implements Datagrams {
  readonly fd: number;
  readonly #system: SystemCalls;
  readonly #datagram = Buffer.alloc(DATAGRAM);
  #closed = false;

  /** @throws {SystemCallError} when the kernel gives no such socket */
  constructor(system: SystemCalls) {
    this.#system = system;
    const type = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
    this.fd = succeeded('open a netlink socket', system.socket(AF_NETLINK, type, NETLINK_ROUTE));
    try {
      enlargeReceiveBuffer(system, this.fd, RECEIVE_BUFFER);
      for (const option of [NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK]) {
        this.setOption(option, 1);
      }
      const address = Buffer.alloc(12);
      address.writeUInt16LE(AF_NETLINK);
      succeeded('bind a netlink socket', system.bind(this.fd, address));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Sets one of the options of SOL_NETLINK. */
  setOption(option: number, value: number): void {
    succeeded('set a netlink option', this.#system.setsockopt(this.fd, SOL_NETLINK, option, int32(value)));
  }

  /** See {@link Datagrams.send}. */
  send(bytes: Buffer): void {
    this.#expectOpen();
    succeeded('send to the kernel', this.#system.send(this.fd, bytes, 0));
  }

  /** See {@link Datagrams.receive}. */
  receive(): Buffer | 'overrun' | undefined {
    this.#expectOpen();
    const length = this.#system.recv(this.fd, this.#datagram, MSG_DONTWAIT);
    switch (length) {
      case -ERRNO.EAGAIN:
        return undefined;
      case -ERRNO.ENOBUFS:
        return 'overrun';
      default:
        if (length < 0) {
          throw new SystemCallError('receive from the kernel', -length);
        }
        return this.#datagram.subarray(0, length);
    }
  }

  /** Closes the socket; once is enough, more does no harm. */
  close(): void {
    if (!this.#closed) {
      this.#closed = true;
      this.#system.close(this.fd);
    }
  }
  /** The number of a closed descriptor may be somebody else's by now. */
  #expectOpen(): void {
    if (this.#closed) {
      throw new SystemCallError('use a netlink socket that is closed', ERRNO.EBADF);
    }
  }
}
