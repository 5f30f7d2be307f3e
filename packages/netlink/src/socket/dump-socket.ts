import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_OVERRUN,
} from '../codec/constants.ts';
import type { Message } from '../codec/message.ts';
import { decodeDone, decodeError, encodeMessage, messages } from '../codec/message.ts';
import type { KernelRefusal } from '../errors.ts';
import { ERRNO, NetlinkError } from '../errors.ts';
import type { Datagrams } from './netlink-socket.ts';

/** A question for everything of a kind. */
export interface DumpRequest<T> {
  /** In words, to follow "cannot". */
  readonly description: string;
  /** RTM_GET… */
  readonly type: number;
  /** The family's structure and the attributes to filter by. */
  readonly body: Buffer;
  /** Reads one answer; `undefined` leaves it out. */
  readonly decode: (message: Message) => T | undefined;
  /** The code of an error that means that there is nothing; ENOENT where a routing table does not exist. */
  readonly emptyWhen?: number | undefined;
}

/** How often a dump is taken that changes keep interrupting; each costs what the dump costs. */
const ATTEMPTS = 16;

/**
 * Asks for tables. The kernel walks a table in pieces, and marks the answer with NLM_F_DUMP_INTR when the table changed
 * in between: entries may be missing then (measured: 255 of 2,000), so it is thrown away and asked again. What remains:
 * kernels that walk without the lock (6.18 does) can mark too late when another process changes the same table in the
 * microseconds of the last piece (measured: one entry missed in 1,000 dumps of 1,000 addresses under constant change), so
 * who is about to act on an absence does well to look twice.
 */
export class DumpSocket {
  readonly #socket: Datagrams;
  #sequence = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(socket: Datagrams) {
    this.#socket = socket;
  }

  /**
   * Everything that the kernel has of the kind. A socket carries one dump at a time, so they queue up here.
   * @throws {NetlinkError} when the kernel refuses, or the table never stood still (code EINTR)
   */
  dump<T>(request: DumpRequest<T>): Promise<T[]> {
    const result = this.#last.then(() => this.#dumpUntilConsistent(request));
    // The next dump starts when this one is over, however it ended; who asked for this one hears how.
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #dumpUntilConsistent<T>(request: DumpRequest<T>): Promise<T[]> {
    let refusal: KernelRefusal = { errno: ERRNO.EINTR };
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const outcome = await this.#dumpOnce(request);
      if (outcome.complete) {
        return outcome.entries;
      }
      refusal = outcome.refusal;
      if (refusal.errno === request.emptyWhen) {
        return [];
      }
      if (refusal.errno !== ERRNO.EINTR && refusal.errno !== ERRNO.ENOBUFS) {
        break;
      }
    }
    throw new NetlinkError(request.description, refusal);
  }

  async #dumpOnce<T>(request: DumpRequest<T>): Promise<DumpOutcome<T>> {
    this.#sequence = (this.#sequence + 1) % 0x8000_0000;
    const sequence = this.#sequence;
    const flags = NLM_F_REQUEST | NLM_F_DUMP;
    this.#socket.send(encodeMessage({ type: request.type, flags, sequence, body: request.body }));
    const entries: T[] = [];
    let interrupted = false;
    for (;;) {
      const datagram = this.#socket.receive();
      if (datagram === undefined || datagram === 'overrun') {
        return { complete: false, refusal: { errno: ERRNO.ENOBUFS } };
      }
      for (const message of messages(datagram)) {
        if (message.sequence !== sequence) {
          continue;
        }
        interrupted ||= (message.flags & NLM_F_DUMP_INTR) !== 0;
        const end = endOfDump(message);
        if (end !== undefined) {
          return finish(entries, interrupted, end.refusal);
        }
        const entry = request.decode(message);
        if (entry !== undefined) {
          entries.push(entry);
        }
      }
      // A datagram has a few hundred entries; the kernel keeps its place in the table meanwhile.
      await nextTurn();
    }
  }
}

type DumpOutcome<T> =
  { readonly complete: true; readonly entries: T[] } | { readonly complete: false; readonly refusal: KernelRefusal };

function endOfDump(message: Message): { readonly refusal: KernelRefusal | undefined } | undefined {
  switch (message.type) {
    case NLMSG_DONE:
      return { refusal: decodeDone(message) };
    case NLMSG_ERROR:
      return { refusal: decodeError(message) };
    case NLMSG_OVERRUN:
      return { refusal: { errno: ERRNO.ENOBUFS } };
    default:
      return undefined;
  }
}

function finish<T>(entries: T[], interrupted: boolean, refusal: KernelRefusal | undefined): DumpOutcome<T> {
  if (refusal !== undefined) {
    return { complete: false, refusal };
  }
  return interrupted ? { complete: false, refusal: { errno: ERRNO.EINTR } } : { complete: true, entries };
}
