import type { Readable } from 'node:stream';
import type { ApiHealth } from '../client/api-health.ts';
import { DeadlineError } from '../client/deadline.ts';

/** Over so long the watches of a client spread that are opened again after an outage. */
const SPREAD_MS = 1_000;
/** A watch is doubted at most so often: a server that is slow now and then must not have to serve every watch anew each time. */
const SELDOM_MS = 60_000;

export interface DoubtOptions {
  readonly health: ApiHealth;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/**
 * Doubts a quiet watch after an outage in which requests met silence. Its connection may be gone without having been
 * closed, and its own silence would tell after 90 s only; a new one from the same version costs one request.
 */
export class Doubt {
  readonly #options: DoubtOptions;
  #doubtedAt = Number.NEGATIVE_INFINITY;

  constructor(options: DoubtOptions) {
    this.#options = options;
  }

  /**
   * Looks after one open watch until the returned function is called.
   * @param options.lastContact when the watch was last heard, on the clock of `now`
   * @param options.reopen called at most once, when the watch stays quiet for a moment after such an outage
   */
  lookAfter({ lastContact, reopen }: { readonly lastContact: () => number; readonly reopen: () => void }): () => void {
    const { health, random, now } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const stopListening = health.onRecovery(({ silent }) => {
      const recovered = now();
      if (!silent || recovered - this.#doubtedAt < SELDOM_MS) {
        return;
      }
      this.#doubtedAt = recovered;
      timer = setTimeout(() => {
        if (lastContact() <= recovered) {
          reopen();
        }
      }, random() * SPREAD_MS);
    });
    return () => {
      clearTimeout(timer);
      stopListening();
    };
  }
}

/**
 * Fails a body that is silent for so many milliseconds: for bodies that should flow without a pause.
 * @returns to be called at each chunk, and once at the end
 */
export function failWhenSilent(body: Readable, milliseconds: number): { heard: () => void; end: () => void } {
  const fail = (): void => {
    body.destroy(new DeadlineError(`silent for ${milliseconds} ms in the middle of a list`));
  };
  const timer = setTimeout(fail, milliseconds);
  return {
    heard: () => {
      timer.refresh();
    },
    end: () => {
      clearTimeout(timer);
    },
  };
}
