import { setImmediate as nextTurn } from 'node:timers/promises';
import { describeRequest, encodeRequest } from '../codec/request.ts';
import { NLMSG_ERROR } from '../codec/constants.ts';
import { decodeError, messages } from '../codec/message.ts';
import type { KernelRefusal } from '../errors.ts';
import { ERRNO, NetlinkError } from '../errors.ts';
import type { NetlinkRequest } from '../request.ts';
import { FIRST_BATCH, nextBatchSize } from './batch.ts';
import type { Datagrams } from './netlink-socket.ts';

/** What became of one request. */
export type NetlinkResult = { readonly ok: true } | { readonly ok: false; readonly error: NetlinkError };

const DONE: NetlinkResult = { ok: true };

/** Sends changes and reads what the kernel says to each of them. */
export class RequestSocket {
  readonly #socket: Datagrams;
  #sequence = 0;

  constructor(socket: Datagrams) {
    this.#socket = socket;
  }

  /**
   * Executes the requests in order, each on its own: a refused one does not stop those behind it. Up to 32 are done
   * before this function first returns; longer lists go in batches with a turn of the event loop in between.
   */
  async execute(requests: readonly NetlinkRequest[]): Promise<readonly NetlinkResult[]> {
    const results: NetlinkResult[] = [];
    let size = FIRST_BATCH;
    while (results.length < requests.length) {
      if (results.length > 0) {
        await nextTurn();
      }
      const start = performance.now();
      const batch = requests.slice(results.length, results.length + size);
      results.push(...this.#executeBatch(batch));
      size = nextBatchSize(size, performance.now() - start);
    }
    return results;
  }

  #executeBatch(batch: readonly NetlinkRequest[]): NetlinkResult[] {
    this.#discardStale();
    const first = this.#sequence + 1;
    this.#sequence = (this.#sequence + batch.length) % 0x8000_0000;
    this.#socket.send(Buffer.concat(batch.map((request, position) => encodeRequest(request, first + position))));

    const results = new Map<number, NetlinkResult>();
    while (results.size < batch.length) {
      const datagram = this.#socket.receive();
      if (datagram === undefined) {
        break;
      }
      for (const message of datagram === 'overrun' ? [] : messages(datagram)) {
        const position = message.sequence - first;
        const request = batch[position];
        if (message.type === NLMSG_ERROR && request !== undefined) {
          results.set(position, resultOf(request, decodeError(message)));
        }
      }
    }
    return batch.map((request, position) => results.get(position) ?? unanswered(request));
  }

  /** Answers to a batch that ended early with an exception must not be taken for answers to the next one. */
  #discardStale(): void {
    while (this.#socket.receive() !== undefined) {
      // Nobody waits for it any more.
    }
  }
}

function resultOf(request: NetlinkRequest, refusal: KernelRefusal | undefined): NetlinkResult {
  return refusal === undefined ? DONE : { ok: false, error: new NetlinkError(describeRequest(request), refusal) };
}

/** The kernel queues answers before send returns, so one that is not there was dropped for want of buffer. */
function unanswered(request: NetlinkRequest): NetlinkResult {
  return resultOf(request, {
    errno: ERRNO.ENOBUFS,
    kernelMessage: 'its answer was lost; whether it was done is unknown',
  });
}
