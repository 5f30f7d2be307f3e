import { prefixContains, prefixOf } from '@fairlead/api';
import { prefixKey, prefixOfKey } from '../plan/keys.ts';
import type { AddressKey, PrefixKey } from '../plan/keys.ts';
import type { Delays } from './delays.ts';
import type { Step } from './step.ts';
import type { Portion } from './work.ts';

/** First wait after a request that failed; doubles up to {@link RETRY_MAX_MS}. */
const RETRY_MIN_MS = 100;
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
  /** Routes that could not be set, with the lengths that they have. */
  #lacking = new Set<PrefixKey>();
  #lengths = new Set<number>();
  #delayMs = RETRY_MIN_MS;

  constructor(options: RetryOptions) {
    this.#options = options;
  }

  /** Whether anything waits for its next attempt. */
  get pending(): boolean {
    return this.#addresses.size + this.#routes.size > 0;
  }

  /** Whether a route that overlaps this one could not be set: traffic may depend on this one until it is. */
  lacksRouteFor(key: PrefixKey): boolean {
    if (this.#lacking.size === 0) {
      return false;
    }
    const { address, length } = prefixOfKey(key);
    const wider = [...this.#lengths].filter((each) => each <= length);
    return (
      wider.some((each) => this.#lacking.has(prefixKey(prefixOf(address, each)))) ||
      (wider.length < this.#lengths.size && this.#lacksWithin(key))
    );
  }

  /** A request failed. */
  failed({ address, route }: Step['key'], kind: Step['kind']): void {
    const first = !this.pending;
    if (address !== undefined) {
      this.#addresses.add(address);
    }
    if (route !== undefined) {
      this.#routes.add(route);
      if (kind === 'add') {
        this.#lacking.add(route);
        this.#lengths.add(prefixOfKey(route).length);
      }
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

  #lacksWithin(key: PrefixKey): boolean {
    const outer = prefixOfKey(key);
    return this.#lacking.values().some((each) => {
      const inner = prefixOfKey(each);
      return inner.length > outer.length && prefixContains(outer, inner.address);
    });
  }

  #again(): void {
    const keys = { addresses: [...this.#addresses], routes: [...this.#routes] };
    this.#addresses = new Set();
    this.#routes = new Set();
    this.#lacking = new Set();
    this.#lengths = new Set();
    this.#delayMs = Math.min(this.#delayMs * 2, RETRY_MAX_MS);
    this.#options.lookAt(keys);
  }
}
