import type { Timers } from './timers.ts';

/** What is to be done later, as long as it is not closed. */
export class Delays {
  readonly #timers: Timers;
  readonly #cancels = new Set<() => void>();
  #closed = false;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Acts after so many ms; at once where there are none. */
  after(ms: number, action: () => void): void {
    if (ms <= 0) {
      action();
      return;
    }
    const cancel = this.#timers.after(ms, () => {
      this.#cancels.delete(cancel);
      if (!this.#closed) {
        action();
      }
    });
    this.#cancels.add(cancel);
  }

  /** Cancels all that is waiting. */
  close(): void {
    this.#closed = true;
    for (const cancel of this.#cancels) {
      cancel();
    }
    this.#cancels.clear();
  }
}
