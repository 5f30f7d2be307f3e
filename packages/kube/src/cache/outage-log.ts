import type { Logger } from '../logger.ts';

export interface OutageLogOptions {
  readonly logger: Logger;
  /** What fails: `watch of services`. */
  readonly subject: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Watches are cut all the time (roll-outs, time limits); only what lasts longer is worth a line. */
const PATIENCE_MS = 3_000;
/** While it lasts, once in a while. */
const REPEAT_MS = 60_000;

/** Tells of an outage once it lasts, then once a minute, and of its end. Single failures are seen at debug level only. */
export class OutageLog {
  readonly #options: OutageLogOptions;
  #since: number | undefined;
  #toldAt: number | undefined;
  #error: unknown;

  constructor(options: OutageLogOptions) {
    this.#options = options;
  }

  /** What failed last; undefined while all is well. */
  get error(): unknown {
    return this.#error;
  }

  failed(error: unknown): void {
    const { logger, subject, now } = this.#options;
    this.#error = error;
    const at = now();
    this.#since ??= at;
    const due = this.#toldAt === undefined ? at - this.#since >= PATIENCE_MS : at - this.#toldAt >= REPEAT_MS;
    const sentence = `The ${subject} fails and is tried again`;
    if (due) {
      this.#toldAt = at;
      logger.warn(sentence, { seconds: Math.round((at - this.#since) / 1_000), error });
    } else {
      logger.debug(sentence, { error });
    }
  }

  succeeded(): void {
    const { logger, subject, now } = this.#options;
    if (this.#since !== undefined && this.#toldAt !== undefined) {
      logger.info(`The ${subject} works again`, { seconds: Math.round((now() - this.#since) / 1_000) });
    }
    this.#since = undefined;
    this.#toldAt = undefined;
    this.#error = undefined;
  }
}
