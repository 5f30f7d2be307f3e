import { messages } from '../codec/message.ts';
import { DecodeError } from '../errors.ts';
import type { NetlinkEvent } from '../event.ts';
import { decodeEvent } from '../event.ts';
import type { SystemCalls, Watch } from '../ffi.ts';
import { Listeners } from '../listeners.ts';
import type { NetlinkSocket } from './netlink-socket.ts';
import { NETLINK_ADD_MEMBERSHIP } from './options.ts';

/** linux/rtnetlink.h RTNLGRP_*: links, then addresses and routes of both families. */
const GROUPS = [1, 5, 7, 9, 11];
const NEIGHBOUR_GROUP = 3;

/** Datagrams taken in one go before timers and other sockets get their turn. */
const MOST_AT_ONCE = 1024;

/** Delivers what the kernel tells its multicast groups. */
export class EventSocket {
  readonly #socket: NetlinkSocket;
  readonly #system: SystemCalls;
  readonly #listeners = new Listeners<NetlinkEvent>();
  readonly #groups: readonly number[];
  #watch: Watch | undefined;
  #draining = false;

  constructor(options: { socket: NetlinkSocket; system: SystemCalls; neighbours: boolean }) {
    this.#socket = options.socket;
    this.#system = options.system;
    this.#groups = options.neighbours ? [...GROUPS, NEIGHBOUR_GROUP] : GROUPS;
  }

  /** Calls the listener for everything that happens from now on; the function that it returns ends that. */
  subscribe(listener: (event: NetlinkEvent) => void): () => void {
    if (this.#watch === undefined) {
      for (const group of this.#groups) {
        this.#socket.setOption(NETLINK_ADD_MEMBERSHIP, group);
      }
      this.#watch = this.#system.watch(this.#socket.fd, () => this.drain());
    }
    return this.#listeners.add(listener);
  }

  /**
   * Delivers at once what the kernel has queued.
   * @returns whether the queue is empty now; false after very many events, and inside of a listener
   */
  drain(): boolean {
    if (this.#draining || this.#watch === undefined) {
      return !this.#draining;
    }
    this.#draining = true;
    try {
      for (let count = 0; count < MOST_AT_ONCE; count++) {
        const datagram = this.#socket.receive();
        if (datagram === undefined) {
          return true;
        }
        if (datagram === 'overrun') {
          this.#listeners.emit({ type: 'resync', reason: 'the kernel had more events than the socket could hold' });
          this.#watch.rearm();
        } else {
          this.#deliver(datagram);
        }
      }
      return false;
    } finally {
      this.#draining = false;
    }
  }

  /** Ends it: no listener is called from here on. */
  close(): void {
    this.#watch?.close();
    this.#watch = undefined;
    this.#listeners.clear();
    this.#socket.close();
  }

  #deliver(datagram: Buffer): void {
    try {
      for (const message of messages(datagram)) {
        const event = decodeEvent(message);
        if (event !== undefined) {
          this.#listeners.emit(event);
        }
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) {
        throw error;
      }
      this.#listeners.emit({ type: 'resync', reason: `an event could not be read: ${error.message}` });
    }
  }
}
