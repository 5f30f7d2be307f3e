import type { Timers } from '../apply/timers.ts';

/** Changes come in groups; what follows from them is done once for those that come within so many ms. */
const GATHER_MS = 10;

export interface GatheringOptions {
  readonly timers: Timers;
  readonly signal: AbortSignal;
  /** What is done once for all who asked. Not called after the signal aborted. */
  readonly act: () => void;
}

/** Acts soon, once for all that ask until then. */
export class Gathering {
  readonly #options: GatheringOptions;
  #at = Infinity;

  constructor(options: GatheringOptions) {
    this.#options = options;
  }

  /** Asks for it within so many ms. */
  ask(afterMs = GATHER_MS): void {
    const { timers, signal, act } = this.#options;
    const at = timers.now() + afterMs;
    if (signal.aborted || at >= this.#at) {
      return;
    }
    this.#at = at;
    timers.after(afterMs, () => {
      // An earlier one may have been asked for since.
      if (this.#at === at && !signal.aborted) {
        this.#at = Infinity;
        act();
      }
    });
  }
}
