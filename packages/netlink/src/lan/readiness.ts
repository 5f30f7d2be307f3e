import { succeeded } from '../errors.ts';
import type { SystemCalls } from '../ffi.ts';

/** struct pollfd: int descriptor, short events, short result. */
const POLLFD = 8;
const EVENTS = 4;
const RESULT = 6;
const POLLIN = 1;

/** Tells which of a few descriptors have something, with one system call for all: mostly, most of them have nothing. */
export class Readiness {
  readonly #system: SystemCalls;
  readonly #fds: readonly number[];
  readonly #descriptors: Buffer;

  constructor(system: SystemCalls, fds: readonly number[]) {
    this.#system = system;
    this.#fds = fds;
    this.#descriptors = Buffer.alloc(fds.length * POLLFD);
    fds.forEach((fd, position) => {
      this.#descriptors.writeInt32LE(fd, position * POLLFD);
      this.#descriptors.writeInt16LE(POLLIN, position * POLLFD + EVENTS);
    });
  }

  /** Those that have data or an error, in the order in which they were given. */
  ready(): readonly number[] {
    const count = succeeded('look at sockets', this.#system.poll(this.#descriptors, this.#fds.length));
    return count === 0
      ? []
      : this.#fds.filter((_, position) => this.#descriptors.readInt16LE(position * POLLFD + RESULT) !== 0);
  }
}
