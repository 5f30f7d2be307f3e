import type { Address } from '../address.ts';
import { ERRNO, SystemCallError } from '../errors.ts';
import type { SystemCalls, Watch } from '../ffi.ts';
import { loadSystemCalls } from '../ffi.ts';
import { FrameDecoder, FrameEncoder } from '../frames/codec.ts';
import type { LanFrame } from '../frames/frame.ts';
import { ETHERTYPE_ARP, ETHERTYPE_IPV6 } from '../frames/frame.ts';
import { Listeners } from '../listeners.ts';
import { parseMAC } from '../mac.ts';
import { inNamespace } from '../socket/netns.ts';
import { PACKET_ADD_MEMBERSHIP, PACKET_DROP_MEMBERSHIP } from '../socket/options.ts';
import { arpFilter, neighbourDiscoveryFilter } from './filter.ts';
import type { Audience } from './filter.ts';
import type { Groups } from './groups.ts';
import { groupsFor } from './groups.ts';
import { PacketSocket } from './packet-socket.ts';
import { Readiness } from './readiness.ts';
import { ReceiveRing, SLOTS } from './receive-ring.ts';

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
  /** Sends frames in order, now. The same object again costs less: its bytes are kept as long as it lives. */
  send(frames: readonly LanFrame[]): SendResult;
  /** Calls the listener for every frame from now on; the function that it returns ends that. */
  subscribe(listener: (event: LanEvent) => void): () => void;
  /**
   * Delivers, before it returns, what the kernel has queued until now, so that silence means silence.
   * @returns whether that was all; false when there was very much, or from inside of a listener
   */
  drained(): boolean;
  /**
   * Whether frames to this station alone (answers, and questions by unicast) may wait for the next frame to many or call
   * of {@link LanSocket.drained}, in place of waking the process up each. Only for who calls that often: the kernel keeps
   * some hundred of them. Default: they may not wait.
   */
  deferUnicast(defer: boolean): void;
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

/** Room for some 3,000 frames: a LAN that asks for 1,000 addresses at once, while this process is busy. */
const GROUP_BUFFER = 4 * 1024 * 1024;

/** Room for some 500 answers, also from drivers that give each frame a page: several times what one burst brings. */
const STATION_BUFFER = 1024 * 1024;

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
    deferUnicast: (defer) => socket.deferUnicast(defer),
    listenFor: (addresses) => socket.listenFor(addresses),
    close: () => {
      close();
      return Promise.resolve();
    },
  };
}

/** The sockets for one audience, one a protocol: a single one for all would run a filter on each packet of the node. */
interface Pair {
  readonly arp: PacketSocket;
  readonly ipv6: PacketSocket;
}

function openPair(system: SystemCalls, index: number, audience: Audience, receiveBuffer: number): Pair {
  const common = { system, index, receiveBuffer };
  const arp = new PacketSocket({ ...common, protocol: ETHERTYPE_ARP, filter: arpFilter(audience) });
  try {
    const filter = neighbourDiscoveryFilter(audience);
    return { arp, ipv6: new PacketSocket({ ...common, protocol: ETHERTYPE_IPV6, filter }) };
  } catch (error) {
    arp.close();
    throw error;
  }
}

function closePair({ arp, ipv6 }: Pair): void {
  arp.close();
  ipv6.close();
}

/** A frame that has been taken from the kernel; see {@link ReceivedFrame}. */
interface Taken {
  readonly frame: LanFrame;
  readonly stamp: number;
}

/**
 * Frames to many and frames to this station come through sockets of their own, so that the latter need not wake the
 * process: on a quiet LAN they are nearly all, as nodes ask each other ten times a second whether they live.
 */
class Lan {
  readonly #system: SystemCalls;
  readonly #group: Pair;
  readonly #station: Pair;
  readonly #readiness: Readiness;
  readonly #ring: ReceiveRing;
  readonly #encoder = new FrameEncoder();
  readonly #decoder = new FrameDecoder();
  readonly #watches: readonly Watch[];
  /** Those of the station; none while its frames may wait. */
  #stationWatches: readonly Watch[] = [];
  readonly #listeners = new Listeners<LanEvent>();
  #groups: Groups = { all: false, macs: new Set() };
  #closed: SystemCallError | 'by us' | undefined;
  #draining = false;

  constructor(system: SystemCalls, index: number) {
    this.#system = system;
    this.#ring = new ReceiveRing(system);
    this.#group = openPair(system, index, 'group', GROUP_BUFFER);
    try {
      this.#station = openPair(system, index, 'station', STATION_BUFFER);
    } catch (error) {
      closePair(this.#group);
      throw error;
    }
    // Those of the group first: what they miss while the others are read wakes the process.
    const sockets = [this.#group.arp, this.#group.ipv6, this.#station.arp, this.#station.ipv6];
    this.#readiness = new Readiness(
      system,
      sockets.map(({ fd }) => fd),
    );
    this.#watches = this.#watch(this.#group);
    this.#stationWatches = this.#watch(this.#station);
    this.listenFor([]);
  }

  send(frames: readonly LanFrame[]): SendResult {
    for (const [sent, frame] of frames.entries()) {
      const errno = this.#closed === undefined ? this.#group.arp.send(this.#encoder.encode(frame)) : ERRNO.ENETDOWN;
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
      return this.#deliverAll();
    } finally {
      this.#draining = false;
    }
  }

  deferUnicast(defer: boolean): void {
    if (this.#closed !== undefined || defer === (this.#stationWatches.length === 0)) {
      return;
    }
    if (defer) {
      this.#stationWatches.forEach((watch) => watch.close());
      this.#stationWatches = [];
    } else {
      this.#stationWatches = this.#watch(this.#station);
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
    return this.#group.ipv6.membership(option, group === EVERY_GROUP ? 'all' : parseMAC(group));
  }

  #watch({ arp, ipv6 }: Pair): readonly Watch[] {
    return [arp, ipv6].map(({ fd }) => this.#system.watch(fd, () => this.drain()));
  }

  /** Delivers what all sockets have, in the order in which the kernel got it. */
  #deliverAll(): boolean {
    const taken: Taken[] = [];
    let complete = true;
    let errno = 0;
    for (const fd of this.#readiness.ready()) {
      const end = this.#take(fd, taken);
      complete &&= end !== 'more';
      errno ||= typeof end === 'number' ? end : 0;
    }
    if (taken.length > 0) {
      this.#deliver(taken);
    }
    if (errno !== 0) {
      // Whatever it is, the sockets are of no use any more: receiving knows no passing errors but EAGAIN and EINTR.
      this.#end(new SystemCallError('receive frames', errno));
    }
    return complete || this.#closed !== undefined;
  }

  /** Adds what a socket has; says whether that was all, or why there will be no more. */
  #take(fd: number, taken: Taken[]): 'all' | 'more' | number {
    for (let count = 0; count < MOST_AT_ONCE; count++) {
      const received = this.#ring.receive(fd);
      if ('errno' in received) {
        return received.errno;
      }
      for (const { bytes, stamp } of received) {
        const frame = this.#decoder.decode(bytes);
        if (frame !== undefined) {
          taken.push({ frame, stamp });
        }
      }
      if (received.length < SLOTS) {
        return 'all';
      }
    }
    return 'more';
  }

  #deliver(taken: Taken[]): void {
    if (taken.length > 1) {
      taken.sort((one, other) => one.stamp - other.stamp);
    }
    const now = performance.now();
    // The kernel stamps with the wall clock, which can jump; the age of a frame is short enough to survive that.
    const wallClock = this.#ring.wallClock();
    for (const { frame, stamp } of taken) {
      this.#listeners.emit({ type: 'frame', frame, receivedAt: now - Math.max(0, wallClock - stamp) });
    }
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
    [...this.#watches, ...this.#stationWatches].forEach((watch) => watch.close());
    closePair(this.#group);
    closePair(this.#station);
  }
}

const EVERY_GROUP = 'all';

function namesOf(groups: Groups): ReadonlySet<string> {
  return groups.all ? new Set([EVERY_GROUP]) : groups.macs;
}
