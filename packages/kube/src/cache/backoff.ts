import type { ApiHealth } from '../client/api-health.ts';

export interface BackoffOptions {
  readonly health: ApiHealth;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
}

/** First upper bound of a wait. */
const BASE_MS = 100;
/** Last one: after an outage of whatever length, the next attempt is at most this far away. */
const CAP_MS = 5_000;
/** Spread over which those wake that an early success calls, so that 5,000 agents do not come in one millisecond. */
const WAKE_SPREAD_MS = 100;

/** Upper bound of the wait after so many failures in a row (1, 2, …): doubling, capped. */
export function backoffBound(failures: number): number {
  return Math.min(CAP_MS, BASE_MS * 2 ** Math.min(failures - 1, 16));
}

/**
 * Waits between failed attempts: full jitter (uniform below a doubling bound, capped at 5 s), cut short when another
 * request of the same client gets through after a failure. A wait is cut short only if the one before was not, so that a
 * server that answers some and refuses others is not asked in a tight loop.
 */
export class Backoff {
  readonly #health: ApiHealth;
  readonly #random: () => number;
  #failures = 0;
  #wokenBefore = false;
  #answeredBefore = false;

  constructor({ health, random }: BackoffOptions) {
    this.#health = health;
    this.#random = random;
  }

  /** Failed attempts since the last success. */
  get failures(): number {
    return this.#failures;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#wokenBefore = false;
  }

  /**
   * Counts a failure and waits. Resolves early when the signal aborts.
   * @param options.answered the server answered, if only with a refusal. The first such answer after silence begins a new
   *   count: a server that has come back refuses for a moment (429, 403, 404) and must not be left alone for as long as
   *   one that is away
   * @param options.atLeastMs what the server asked for (Retry-After); nothing cuts it short
   */
  async failed(
    signal: AbortSignal,
    options: { readonly answered: boolean; readonly atLeastMs?: number | undefined },
  ): Promise<void> {
    const { answered, atLeastMs = 0 } = options;
    if (answered && !this.#answeredBefore) {
      this.#failures = 0;
    }
    this.#answeredBefore = answered;
    this.#failures += 1;
    const jittered = this.#random() * backoffBound(this.#failures);
    const wakeable = !this.#wokenBefore && atLeastMs === 0;
    this.#wokenBefore = await this.#wait(Math.max(jittered, atLeastMs), wakeable, signal);
  }

  /** Resolves with whether a recovery cut the wait short. */
  #wait(milliseconds: number, wakeable: boolean, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve(false);
        return;
      }
      const end = (woken: boolean): void => {
        clearTimeout(timer);
        stopListening();
        signal.removeEventListener('abort', onAbort);
        resolve(woken);
      };
      const onAbort = (): void => end(false);
      const until = performance.now() + milliseconds;
      let timer = setTimeout(() => end(false), milliseconds);
      const onRecovery = (): void => {
        const soon = this.#random() * WAKE_SPREAD_MS;
        if (wakeable && performance.now() + soon < until) {
          clearTimeout(timer);
          timer = setTimeout(() => end(true), soon);
        }
      };
      const stopListening = this.#health.onRecovery(onRecovery);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}
