import type { AddressKey, PrefixKey } from '../plan/keys.ts';
import type { Delays } from './delays.ts';
import type { Step } from './step.ts';
import type { Portion } from './work.ts';

/** First wait after a request that failed; doubles up to {@link RETRY_MAX_MS}. */
export const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 60_000;

export interface RetryOptions {
  readonly delays: Delays;
  /** Looks at the keys again. */
  readonly lookAt: (keys: Portion) => void;
}

/** Gathers the keys of requests that failed and has them looked at again, all at once and later from time to time. */
export class Retry {
  readonly #options: RetryOptions;
  #addresses = new Set<AddressKey>();
  #routes = new Set<PrefixKey>();
  #delayMs = RETRY_MIN_MS;

  constructor(options: RetryOptions) {
    this.#options = options;
  }

  /** Whether anything waits for its next attempt. */
  get pending(): boolean {
    return this.#addresses.size + this.#routes.size > 0;
  }

  /** A request failed. */
  failed({ address, route }: Step['key']): void {
    const first = !this.pending;
    if (address !== undefined) {
      this.#addresses.add(address);
    }
    if (route !== undefined) {
      this.#routes.add(route);
    }
    if (first) {
      this.#options.delays.after(this.#delayMs, () => {
        this.#again();
      });
    }
  }

  /** Nothing in a batch failed: the next failure waits shortly again. */
  succeeded(): void {
    this.#delayMs = RETRY_MIN_MS;
  }

  #again(): void {
    const keys = { addresses: [...this.#addresses], routes: [...this.#routes] };
    this.#addresses = new Set();
    this.#routes = new Set();
    this.#delayMs = Math.min(this.#delayMs * 2, RETRY_MAX_MS);
    this.#options.lookAt(keys);
  }
}
