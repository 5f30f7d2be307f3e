/** What is known of one thing. */
interface Entry {
  /** When there came to be one of it, two, …; as many as there are now. */
  readonly reached: readonly number[];
  /** When the last of it went. */
  readonly goneAt: number;
}

/** Waits for some of the things of a {@link Tally}. */
interface Waiter {
  readonly missing: Set<string>;
  readonly count: number;
  readonly resolve: (at: number) => void;
}

const NEVER: Entry = { reached: [], goneAt: -Infinity };
/** How many things at most are named when they do not come. */
const NAMED = 3;

/**
 * How many there are of each of many things, and when that came to be so. Who waits for ten thousand of them is told once,
 * with the time of the last, and costs one look at each change.
 */
export class Tally {
  readonly #entries = new Map<string, Entry>();
  readonly #waiters = new Set<Waiter>();

  /** The things of which there are any. */
  keys(): Iterable<string> {
    return this.#entries
      .entries()
      .filter(([, { reached }]) => reached.length > 0)
      .map(([key]) => key);
  }

  /** There are so many of it from now on. @param at the time, of whatever clock the waiting want */
  set(key: string, count: number, at: number): void {
    const { reached, goneAt } = this.#entry(key);
    if (count === reached.length) {
      return;
    }
    const more = Array.from({ length: Math.max(0, count - reached.length) }, () => at);
    this.#entries.set(key, { reached: [...reached.slice(0, count), ...more], goneAt: count === 0 ? at : goneAt });
    for (const waiter of this.#waiters) {
      if (this.#since(key, waiter.count) !== undefined && waiter.missing.delete(key) && waiter.missing.size === 0) {
        waiter.resolve(at);
      }
    }
  }

  /**
   * Waits until each of these has been there so many times at least; `0`: until each has been away.
   * @returns when the last of them came to be so, which may be in the past; -Infinity for what was never there
   * @throws {Error} with some of those that are missing, after `timeoutMs`
   */
  async until(keys: Iterable<string>, count: number, timeoutMs: number): Promise<number> {
    const all = [...keys];
    const missing = new Set(all.filter((key) => this.#since(key, count) === undefined));
    if (missing.size === 0) {
      return Math.max(...all.map((key) => this.#since(key, count) ?? NEVER.goneAt));
    }
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const waiter: Waiter = { missing, count, resolve };
    const timer = setTimeout(() => {
      const some = [...missing].slice(0, NAMED).join(', ');
      const wanted = count === 0 ? 'are still there' : 'are missing';
      reject(new Error(`${missing.size} of ${all.length} ${wanted} after ${timeoutMs} ms: ${some}, …`));
    }, timeoutMs);
    this.#waiters.add(waiter);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(waiter);
    }
  }

  #entry(key: string): Entry {
    return this.#entries.get(key) ?? NEVER;
  }

  /** Since when there are so many of it, or none where none is asked for; undefined where that is not so. */
  #since(key: string, count: number): number | undefined {
    const { reached, goneAt } = this.#entry(key);
    if (count === 0) {
      return reached.length === 0 ? goneAt : undefined;
    }
    return reached[count - 1];
  }
}
