import type { Logger } from '@fairlead/runtime';
import type { Timers } from '../apply/timers.ts';

/** What is waited for is said when it has lasted so long. */
const SAY_WAITING_MS = 1_000;

/** Says once what is waited for, when it lasts. */
export class WaitingLog {
  readonly #timers: Timers;
  readonly #logger: Logger;
  #reason: string | undefined;

  constructor({ timers, logger }: { readonly timers: Timers; readonly logger: Logger }) {
    this.#timers = timers;
    this.#logger = logger;
  }

  /** What is waited for now; undefined: nothing. */
  waitsFor(reason: string | undefined): void {
    if (reason === this.#reason) {
      return;
    }
    this.#reason = reason;
    this.#timers.after(SAY_WAITING_MS, () => {
      if (reason !== undefined && this.#reason === reason) {
        this.#logger.warn('Nothing is announced yet', { reason });
      }
    });
  }
}
