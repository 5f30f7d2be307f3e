/** What a daemon answers to a command. */
export interface VtyReply {
  /** 0 is success (CMD_SUCCESS of FRR's lib/command.h); 2 and above are refusals. */
  readonly status: number;
  readonly text: string;
}

/** Codes of FRR's lib/command.h that decide something here. */
export const VTY_STATUS = { success: 0, unknown: 2, incomplete: 4 } as const;

/** Thrown where what comes from the socket is no answer of a daemon. */
export class VtyReplyError extends Error {
  override readonly name = 'VtyReplyError';
  readonly code = 'NotFRR';
}

/** More than this in one reply is no reply that was asked for here. */
const LARGEST_REPLY = 16 * 1024 * 1024;
/** Three zeros and the status. */
const TRAILER_LENGTH = 4;

/**
 * Puts the answers of a daemon together from chunks, however they are cut. On the sockets that vtysh uses an answer is
 * text, three zero bytes and a byte with the status (vtysh_read in lib/vty.c of FRR); text has no zero bytes.
 */
export class VtyReplyParser {
  #rest: Buffer = Buffer.alloc(0);

  /**
   * Takes the next bytes.
   * @returns the answers that they complete, in order
   * @throws {VtyReplyError} for an answer of more than 16 MiB, or one that is not ended as answers are
   */
  push(chunk: Uint8Array): VtyReply[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const replies: VtyReply[] = [];
    for (;;) {
      const end = this.#rest.indexOf(0);
      if (end < 0 || this.#rest.length < end + TRAILER_LENGTH) {
        break;
      }
      const trailer = this.#rest.subarray(end, end + TRAILER_LENGTH);
      if (trailer[1] !== 0 || trailer[2] !== 0) {
        throw new VtyReplyError('an answer is cut by a zero byte; is this a daemon of FRR?');
      }
      replies.push({ status: trailer[3] ?? 0, text: this.#rest.toString('utf8', 0, end) });
      this.#rest = this.#rest.subarray(end + TRAILER_LENGTH);
    }
    if (this.#rest.length > LARGEST_REPLY) {
      throw new VtyReplyError(`the answer is longer than ${LARGEST_REPLY} bytes; is this a daemon of FRR?`);
    }
    return replies;
  }
}
