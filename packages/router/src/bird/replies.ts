/**
 * BIRD's control protocol (doc/reply_codes and nest/cli.c of BIRD 2): each line of a reply is `CODE-text`, or a space and
 * text for one more line of the same code; the last line is `CODE text`, with a space behind the code. Lines that begin
 * with `+` are log messages for clients that asked for them.
 */
export interface Reply {
  /** Code of the last line: 0xxx and 1xxx success, 8xxx refused, 9xxx not understood. */
  readonly code: number;
  /** All lines, without codes. */
  readonly lines: readonly ReplyLine[];
}

export interface ReplyLine {
  readonly code: number;
  readonly text: string;
}

/** Codes that decide something here. */
export const REPLY_CODES = {
  /** Greeting of a new connection. */
  welcome: 1,
  reconfigured: 3,
  /** Accepted; some protocols still shut down. */
  reconfiguring: 4,
  /** Accepted; follows the one in progress. */
  queued: 5,
  /** Not accepted: BIRD shuts down. */
  shuttingDown: 6,
  /** End of `show status`. */
  status: 13,
  /** The connection has been restricted to looking. */
  restricted: 16,
  /** BIRD will not go back by itself to the configuration before. */
  confirmed: 18,
  /** There is nothing to confirm or undo. */
  nothingToDo: 19,
  statusDetails: 1011,
  protocolHeader: 2002,
  protocol: 1002,
  protocolDetails: 1006,
  bfdSession: 1020,
  configurationError: 8002,
  accessDenied: 8007,
} as const;

/** Thrown where what comes from the socket is not BIRD's protocol. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError';
  readonly code = 'NotBIRD';
}

/** More than this in one reply is no reply that was asked for here. */
const LARGEST_REPLY = 16 * 1024 * 1024;

/** Puts replies together from chunks as they come from the socket, however they are cut. */
export class ReplyParser {
  readonly #decoder = new TextDecoder();
  /** The beginning of the line that is not complete yet, in pieces. */
  #rest: string[] = [];
  #lines: ReplyLine[] = [];
  #size = 0;

  /**
   * Takes the next bytes.
   * @returns the replies that they complete, in order
   * @throws {ReplyError} for a line that no reply has, or a reply of more than 16 MiB
   */
  push(chunk: Uint8Array): Reply[] {
    this.#size += chunk.length;
    const [first = '', ...others] = this.#decoder.decode(chunk, { stream: true }).split('\n');
    this.#rest.push(first);
    const last = others.pop();
    const lines = last === undefined ? [] : [this.#rest.join(''), ...others];
    this.#rest = last === undefined ? this.#rest : [last];
    const replies = lines.flatMap((line) => this.#take(line));
    if (this.#size > LARGEST_REPLY) {
      throw new ReplyError(`the answer is longer than ${LARGEST_REPLY} bytes; is this BIRD's control socket?`);
    }
    return replies;
  }

  #take(line: string): readonly Reply[] {
    if (line.startsWith('+')) {
      return [];
    }
    if (line.startsWith(' ')) {
      const previous = this.#lines.at(-1);
      if (previous === undefined) {
        throw new ReplyError(`the answer begins with ${JSON.stringify(line.slice(0, 80))}, which has no code`);
      }
      this.#lines.push({ code: previous.code, text: line.slice(1) });
      return [];
    }
    const parts = /^(\d{4})([ -]|$)(.*)$/.exec(line);
    if (parts === null) {
      throw new ReplyError(`${JSON.stringify(line.slice(0, 80))} is no line of BIRD's control protocol`);
    }
    const [, digits = '', separator = '', text = ''] = parts;
    const code = Number(digits);
    this.#lines.push({ code, text });
    if (separator === '-') {
      return [];
    }
    const reply: Reply = { code, lines: this.#lines };
    this.#lines = [];
    this.#size = this.#rest.join('').length;
    return [reply];
  }
}

/** The text of a reply in one line, for people. */
export function replyText(reply: Reply): string {
  return reply.lines
    .map(({ text }) => text.trim())
    .filter((text) => text !== '')
    .join('; ');
}
