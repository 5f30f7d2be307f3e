import type { Address } from '../address.ts';
import { ERRNO, SystemCallError } from '../errors.ts';
import type { SystemCalls, Watch } from '../ffi.ts';
import { loadSystemCalls } from '../ffi.ts';
import { decodeFrame, encodeFrame } from '../frames/codec.ts';
import type { LanFrame } from '../frames/frame.ts';
import { ETHERTYPE_ARP, ETHERTYPE_IPV6 } from '../frames/frame.ts';
import { Listeners } from '../listeners.ts';
import { parseMAC } from '../mac.ts';
import { inNamespace } from '../socket/netns.ts';
import { PACKET_ADD_MEMBERSHIP, PACKET_DROP_MEMBERSHIP } from '../socket/options.ts';
import { ARP_FILTER, NEIGHBOUR_DISCOVERY_FILTER } from './filter.ts';
import type { Groups } from './groups.ts';
import { groupsFor } from './groups.ts';
import { PacketSocket } from './packet-socket.ts';
import { ReceiveRing } from './receive-ring.ts';

export interface LanSocketOptions {
  /** The interface. */
  readonly index: number;
  /** Path of another network namespace, such as `/run/netns/NAME`. Default: the process's own. */
  readonly netns?: string | undefined;
  /** Closes the socket when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** What comes in: a valid frame of another station, or, once and at last, that the interface is off or gone. */
export type LanEvent =
  | {
      readonly type: 'frame';
      readonly frame: LanFrame;
      /** When the kernel got it, in milliseconds on the clock of `performance.now()`. */
      readonly receivedAt: number;
    }
  | { readonly type: 'closed'; readonly error: SystemCallError };

/** How much of a list went out: all of it, or the first `sent` frames and why the next one did not. */
export type SendResult =
  { readonly ok: true } | { readonly ok: false; readonly sent: number; readonly error: SystemCallError };

/** ARP and IPv6 neighbour discovery on one interface. */
export interface LanSocket {
  /** Sends frames in order, now. */
  send(frames: readonly LanFrame[]): SendResult;
  /** Calls the listener for every frame from now on; the function that it returns ends that. */
  subscribe(listener: (event: LanEvent) => void): () => void;
  /**
   * Delivers, before it returns, what the kernel has queued until now, so that silence means silence.
   * @returns whether that was all; false when there was very much, or from inside of a listener
   */
  drained(): boolean;
  /** Hears questions for these IPv6 addresses though nobody here has them; in place of those named before. */
  listenFor(addresses: Iterable<Address>): void;
  /** Closes it; nothing is delivered afterwards, not even `closed`. */
  close(): Promise<void>;
}

/**
 * Calls of recvmmsg in one go, 64 frames each, before timers and other sockets get their turn. More than the receive
 * buffer holds, so that only a LAN that sends faster than this program reads ends it early.
 */
const MOST_AT_ONCE = 256;

/** Errors that say that the interface is off or gone; the socket is of no more use (net/packet/af_packet.c). */
const GONE: ReadonlySet<number> = new Set([ERRNO.ENETDOWN, ERRNO.ENODEV, ERRNO.ENXIO]);

/**
 * Opens ARP and neighbour discovery on an interface.
 * @throws {SystemCallError} EPERM without CAP_NET_RAW, ENODEV without such an interface
 */
export function openLanSocket(options: LanSocketOptions): Promise<LanSocket> {
  return Promise.resolve().then(() => open(options));
}

function open(options: LanSocketOptions): LanSocket {
  const { index, netns, signal } = options;
  signal?.throwIfAborted();
  const system = loadSystemCalls();
  const socket = inNamespace(system, netns, () => new Lan(system, index));
  const close = (): void => {
    signal?.removeEventListener('abort', close);
    socket.close();
  };
  signal?.addEventListener('abort', close);
  return {
    send: (frames) => socket.send(frames),
    subscribe: (listener) => socket.subscribe(listener),
    drained: () => socket.drain(),
    listenFor: (addresses) => socket.listenFor(addresses),
    close: () => {
      close();
      return Promise.resolve();
    },
  };
}

/** Two sockets, one a protocol: a single one for all protocols would run a filter on each packet of the node's traffic. */
class Lan {
  readonly #arp: PacketSocket;
  readonly #ipv6: PacketSocket;
  readonly #ring: ReceiveRing;
  readonly #watches: Watch[] = [];
  readonly #listeners = new Listeners<LanEvent>();
  #groups: Groups = { all: false, macs: new Set() };
  #closed: SystemCallError | 'by us' | undefined;
  #draining = false;

  constructor(system: SystemCalls, index: number) {
    this.#ring = new ReceiveRing(system);
    this.#arp = new PacketSocket({ system, index, protocol: ETHERTYPE_ARP, filter: ARP_FILTER });
    try {
      this.#ipv6 = new PacketSocket({
        system,
        index,
        protocol: ETHERTYPE_IPV6,
        filter: NEIGHBOUR_DISCOVERY_FILTER,
      });
    } catch (error) {
      this.#arp.close();
      throw error;
    }
    for (const { fd } of [this.#arp, this.#ipv6]) {
      this.#watches.push(system.watch(fd, () => this.drain()));
    }
    this.listenFor([]);
  }

  send(frames: readonly LanFrame[]): SendResult {
    for (const [sent, frame] of frames.entries()) {
      const errno = this.#closed === undefined ? this.#arp.send(encodeFrame(frame)) : ERRNO.ENETDOWN;
      if (errno !== 0) {
        const error = new SystemCallError('send a frame', errno);
        if (GONE.has(errno)) {
          this.#end(error);
        }
        return { ok: false, sent, error };
      }
    }
    return { ok: true };
  }

  subscribe(listener: (event: LanEvent) => void): () => void {
    return this.#listeners.add(listener);
  }

  drain(): boolean {
    if (this.#draining || this.#closed !== undefined) {
      return !this.#draining;
    }
    this.#draining = true;
    try {
      return [this.#arp, this.#ipv6].every((socket) => this.#drainOne(socket));
    } finally {
      this.#draining = false;
    }
  }

  listenFor(addresses: Iterable<Address>): void {
    if (this.#closed !== undefined) {
      return;
    }
    const wanted = groupsFor(addresses);
    const before = namesOf(this.#groups);
    const after = namesOf(wanted);
    // Joined first: what stays must not be lost for a moment.
    const joined = [...after].filter((group) => !before.has(group));
    const left = [...before].filter((group) => !after.has(group));
    const errors = [
      ...joined.map((group) => this.#membership(PACKET_ADD_MEMBERSHIP, group)),
      ...left.map((group) => this.#membership(PACKET_DROP_MEMBERSHIP, group)),
    ];
    this.#groups = wanted;
    const gone = errors.find((error) => error !== undefined && GONE.has(error.errno));
    if (gone !== undefined) {
      this.#end(gone);
    }
  }

  close(): void {
    if (this.#closed === undefined) {
      this.#closed = 'by us';
      this.#release();
    }
  }

  #membership(option: number, group: string): SystemCallError | undefined {
    return this.#ipv6.membership(option, group === EVERY_GROUP ? 'all' : parseMAC(group));
  }

  #drainOne(socket: PacketSocket): boolean {
    for (let count = 0; count < MOST_AT_ONCE; count++) {
      if (this.#closed !== undefined) {
        return true;
      }
      const received = this.#ring.receive(socket.fd);
      if ('errno' in received) {
        // Whatever it is, the sockets are of no use any more: receiving knows no passing errors but EAGAIN and EINTR.
        this.#end(new SystemCallError('receive frames', received.errno));
        return true;
      }
      if (received.length === 0) {
        return true;
      }
      for (const { bytes, receivedAt } of received) {
        const frame = decodeFrame(bytes);
        if (frame !== undefined) {
          this.#listeners.emit({ type: 'frame', frame, receivedAt });
        }
      }
    }
    return false;
  }

  #end(error: SystemCallError): void {
    if (this.#closed === undefined) {
      this.#closed = error;
      this.#listeners.emit({ type: 'closed', error });
      this.#release();
    }
  }

  #release(): void {
    this.#listeners.clear();
    this.#watches.forEach((watch) => watch.close());
    this.#arp.close();
    this.#ipv6.close();
  }
}

const EVERY_GROUP = 'all';

function namesOf(groups: Groups): ReadonlySet<string> {
  return groups.all ? new Set([EVERY_GROUP]) : groups.macs;
}
