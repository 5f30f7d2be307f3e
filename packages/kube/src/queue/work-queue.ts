import { setImmediate as nextTurn } from 'node:timers/promises';
import { TokenBucket } from './token-bucket.ts';

export interface WorkQueueOptions {
  /** Wait after an item's first failure, in milliseconds; doubles with each. Default 5. */
  readonly baseDelayMs?: number;
  /** Longest wait of an item, in milliseconds. Default 60,000. */
  readonly maxDelayMs?: number;
  /** All items' repeats together: so many a second in the long run. Default 10. */
  readonly retriesPerSecond?: number;
  /** … and so many at once. Default 100. */
  readonly retryBurst?: number;
  /** 0 ≤ x < 1; takes up to half of each wait away, so that items that failed together do not return together. Default `Math.random`. */
  readonly random?: () => number;
  /** Monotonic milliseconds. Default `performance.now`. */
  readonly now?: () => number;
}

/**
 * For so long items are handled in one turn of the event loop. Thousands that need nothing but the processor, as after a
 * start, would keep it for seconds otherwise, and a Lease that is not renewed meanwhile is lost.
 */
const LONGEST_TURN_MS = 10;

export interface RunOptions<K> {
  /** Items handled at a time. Default 1. */
  readonly concurrency?: number;
  /** Ends the run: nothing new is begun, what is being handled is waited for. */
  readonly signal: AbortSignal;
  /** Told of each failure; `retryInMs` is when the item comes again. */
  readonly onError: (key: K, error: unknown, retryInMs: number) => void;
}

/** Does the work of one item. A rejection makes it come again after a growing wait, a result after the time it names. */
export type WorkHandler<K> = (key: K, signal: AbortSignal) => Promise<void | { readonly againInMs: number }>;

/**
 * client-go's work queue: an item that is added many times before it is handled is handled once; one that is added while
 * it is being handled is handled once more afterwards, never twice at a time. Keys are compared as in a `Map`.
 */
export class WorkQueue<K> {
  readonly #baseDelayMs: number;
  readonly #maxDelayMs: number;
  readonly #bucket: TokenBucket;
  readonly #random: () => number;
  readonly #now: () => number;
  /** Waiting to be handled, in the order in which they came. */
  readonly #dirty = new Set<K>();
  /** Goes on where the last item was taken: from the Set's front it would have to pass all that were, each time. */
  #next = this.#dirty.values();
  readonly #processing = new Set<K>();
  /** Added while being handled. */
  readonly #again = new Set<K>();
  readonly #delayed = new Map<K, { readonly at: number; readonly timer: NodeJS.Timeout }>();
  readonly #failures = new Map<K, number>();
  readonly #idle = new Set<() => void>();
  /** When timers and sockets are to have their turn, on the monotonic clock. */
  #turnEnds = 0;

  constructor(options: WorkQueueOptions = {}) {
    const { retriesPerSecond = 10, retryBurst = 100, now = () => performance.now() } = options;
    this.#baseDelayMs = options.baseDelayMs ?? 5;
    this.#maxDelayMs = options.maxDelayMs ?? 60_000;
    this.#bucket = new TokenBucket({ rate: retriesPerSecond, burst: retryBurst, now });
    this.#random = options.random ?? Math.random;
    this.#now = now;
  }

  /** Items that wait to be handled now; delayed ones are not among them. */
  get size(): number {
    return this.#dirty.size;
  }

  /** Wants the item handled as soon as there is a worker. */
  add(key: K): void {
    if (this.#processing.has(key)) {
      this.#again.add(key);
    } else {
      this.#dirty.add(key);
      this.#wake();
    }
  }

  /** Adds the item after so many milliseconds; of several such wishes the earliest counts. */
  addAfter(key: K, delayMs: number): void {
    if (delayMs <= 0) {
      this.#cancelDelay(key);
      this.add(key);
      return;
    }
    const at = this.#now() + delayMs;
    const waiting = this.#delayed.get(key);
    if (waiting !== undefined && waiting.at <= at) {
      return;
    }
    clearTimeout(waiting?.timer);
    const timer = setTimeout(() => {
      this.#delayed.delete(key);
      this.add(key);
    }, delayMs);
    this.#delayed.set(key, { at, timer });
  }

  /** Adds the item after a wait that grows with its failures and is bounded for all items together; returns that wait. */
  addRateLimited(key: K): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const bound = Math.min(this.#maxDelayMs, this.#baseDelayMs * 2 ** Math.min(failures, 30));
    const delayMs = Math.max(bound * (1 - this.#random() / 2), this.#bucket.reserve());
    this.addAfter(key, delayMs);
    return delayMs;
  }

  /** The item is well: its next failure counts as the first. */
  forget(key: K): void {
    this.#failures.delete(key);
  }

  /** Failures in a row. */
  failures(key: K): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The next item to handle, if any; whoever takes it must call {@link done}. */
  take(): K | undefined {
    let next = this.#next.next();
    if (next.done === true) {
      this.#next = this.#dirty.values();
      next = this.#next.next();
    }
    if (next.done === true) {
      return undefined;
    }
    this.#dirty.delete(next.value);
    this.#processing.add(next.value);
    return next.value;
  }

  /** The item is handled; if it was added meanwhile, it waits again. */
  done(key: K): void {
    this.#processing.delete(key);
    if (this.#again.delete(key)) {
      this.add(key);
    }
  }

  /** Handles items until the signal aborts, then waits for those that are being handled. Never rejects. */
  async run(handler: WorkHandler<K>, options: RunOptions<K>): Promise<void> {
    const { concurrency = 1, signal } = options;
    const wakeAll = (): void => this.#wake(Number.POSITIVE_INFINITY);
    signal.addEventListener('abort', wakeAll, { once: true });
    await Promise.all(Array.from({ length: concurrency }, () => this.#work(handler, options)));
    signal.removeEventListener('abort', wakeAll);
    for (const { timer } of this.#delayed.values()) {
      clearTimeout(timer);
    }
    this.#delayed.clear();
  }

  async #work(handler: WorkHandler<K>, options: RunOptions<K>): Promise<void> {
    const { signal } = options;
    this.#turnEnds = this.#now() + LONGEST_TURN_MS;
    while (!signal.aborted) {
      const key = this.take();
      if (key === undefined) {
        await new Promise<void>((resolve) => {
          this.#idle.add(resolve);
        });
        this.#turnEnds = this.#now() + LONGEST_TURN_MS;
        continue;
      }
      await this.#handle(key, handler, options);
      this.done(key);
      if (this.#now() >= this.#turnEnds) {
        await nextTurn();
        this.#turnEnds = this.#now() + LONGEST_TURN_MS;
      }
    }
  }

  async #handle(key: K, handler: WorkHandler<K>, { signal, onError }: RunOptions<K>): Promise<void> {
    try {
      const result = await handler(key, signal);
      this.forget(key);
      if (typeof result === 'object') {
        this.addAfter(key, result.againInMs);
      }
    } catch (error) {
      if (!signal.aborted) {
        onError(key, error, this.addRateLimited(key));
      }
    }
  }

  #cancelDelay(key: K): void {
    clearTimeout(this.#delayed.get(key)?.timer);
    this.#delayed.delete(key);
  }

  #wake(workers = 1): void {
    let left = workers;
    for (const resolve of this.#idle) {
      if (left <= 0) {
        return;
      }
      left -= 1;
      this.#idle.delete(resolve);
      resolve();
    }
  }
}
