import { ERRNO } from '../errors.ts';
import type { SystemCalls } from '../ffi.ts';
import { MSG_DONTWAIT, SO_TIMESTAMPNS, SOL_SOCKET } from '../socket/options.ts';
import { readTimespec, TIMESPEC } from '../timespec.ts';

/** Frames taken with one system call at most; fewer say that the queue is empty. */
export const SLOTS = 64;

/** Bytes kept of a frame; a solicitation with every option in use has fewer than 128. */
const FRAME = 512;

/** Room for one control message with a timestamp, and some. */
const CONTROL = 64;

/** struct iovec, struct mmsghdr of 64-bit Linux; musl's smaller counters have zeros as padding, so they read the same. */
const IOVEC = 16;
const HEADER = 64;
const NAME_LENGTH = 8;
const IOVEC_POINTER = 16;
const IOVEC_COUNT = 24;
const CONTROL_POINTER = 32;
const CONTROL_LENGTH = 40;
const RECEIVED_LENGTH = 56;

/** struct cmsghdr: size_t length, int level, int type. */
const CONTROL_HEADER = 16;

const CLOCK_REALTIME = 0;

/** A frame and when the kernel got it. */
export interface ReceivedFrame {
  /** Valid until the next call. */
  readonly bytes: Buffer;
  /** Milliseconds since 1970, by the wall clock, which can jump. */
  readonly stamp: number;
}

/** Memory laid out for recvmmsg, so that a burst of frames comes with few system calls and with kernel timestamps. */
export class ReceiveRing {
  readonly #system: SystemCalls;
  readonly #headers = Buffer.alloc(SLOTS * HEADER);
  readonly #iovecs = Buffer.alloc(SLOTS * IOVEC);
  readonly #frames = Buffer.alloc(SLOTS * FRAME);
  readonly #control = Buffer.alloc(SLOTS * CONTROL);
  /** Slots in which the kernel has left lengths of its own. */
  #used = SLOTS;

  constructor(system: SystemCalls) {
    this.#system = system;
    const iovecs = system.pointer(this.#iovecs);
    const frames = system.pointer(this.#frames);
    const control = system.pointer(this.#control);
    for (let slot = 0; slot < SLOTS; slot++) {
      this.#iovecs.writeBigUInt64LE(frames + BigInt(slot * FRAME), slot * IOVEC);
      this.#iovecs.writeBigUInt64LE(BigInt(FRAME), slot * IOVEC + 8);
      const header = slot * HEADER;
      this.#headers.writeBigUInt64LE(iovecs + BigInt(slot * IOVEC), header + IOVEC_POINTER);
      this.#headers.writeBigUInt64LE(1n, header + IOVEC_COUNT);
      this.#headers.writeBigUInt64LE(control + BigInt(slot * CONTROL), header + CONTROL_POINTER);
    }
  }

  /**
   * Takes what is queued, up to 64 frames.
   * @returns the frames, none when the queue is empty, or an error number
   */
  receive(fd: number): ReceivedFrame[] | { readonly errno: number } {
    for (let slot = 0; slot < this.#used; slot++) {
      this.#headers.writeUInt32LE(0, slot * HEADER + NAME_LENGTH);
      this.#headers.writeUInt32LE(CONTROL, slot * HEADER + CONTROL_LENGTH);
    }
    const count = this.#system.recvmmsg(fd, this.#headers, SLOTS, MSG_DONTWAIT);
    this.#used = Math.max(0, count);
    if (count < 0) {
      return count === -ERRNO.EAGAIN ? [] : { errno: -count };
    }
    const received: ReceivedFrame[] = [];
    for (let slot = 0; slot < count; slot++) {
      const length = Math.min(this.#headers.readUInt32LE(slot * HEADER + RECEIVED_LENGTH), FRAME);
      received.push({
        bytes: this.#frames.subarray(slot * FRAME, slot * FRAME + length),
        stamp: this.#timestamp(slot) ?? this.wallClock(),
      });
    }
    return received;
  }

  /** The clock of the stamps, now. */
  wallClock(): number {
    return this.#system.clock(CLOCK_REALTIME);
  }

  #timestamp(slot: number): number | undefined {
    const at = slot * CONTROL;
    const found =
      this.#headers.readUInt32LE(slot * HEADER + CONTROL_LENGTH) >= CONTROL_HEADER + TIMESPEC &&
      this.#control.readInt32LE(at + 8) === SOL_SOCKET &&
      this.#control.readInt32LE(at + 12) === SO_TIMESTAMPNS;
    return found ? readTimespec(this.#control, at + CONTROL_HEADER) : undefined;
  }
}
