/**
 * Events in the order in which they came. Who waits looks at those that are there first, so nothing can slip through
 * between an act and the waiting for its effect.
 */
export class EventLog<T> implements AsyncIterable<T> {
  readonly #events: T[] = [];
  #changed = Promise.withResolvers<void>();
  #ended = false;

  /** All events until now. */
  get all(): readonly T[] {
    return this.#events;
  }

  /** Number of events until now; a position for `from`. */
  get length(): number {
    return this.#events.length;
  }

  push(event: T): void {
    this.#events.push(event);
    this.#wake();
  }

  /** No more events will come. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /**
   * The first event that fulfils the condition, from position `from` (default 0) on.
   * @throws {Error} when there is none within `timeoutMs` (default 10 s), or before the end; with the last events
   */
  async waitFor(
    condition: (event: T) => boolean,
    options: { timeoutMs?: number; from?: number; signal?: AbortSignal } = {},
  ): Promise<T> {
    const { timeoutMs = 10_000, from = 0, signal } = options;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    signal?.addEventListener('abort', () => resolve(), { once: true });
    let late = false;
    const expired = over.then(() => void (late = true));
    try {
      for (let position = from; ;) {
        for (; position < this.#events.length; position++) {
          const event = this.#events[position];
          if (event !== undefined && condition(event)) return event;
        }
        signal?.throwIfAborted();
        if (late || this.#ended) {
          const tail = this.#events.slice(-10).map((event) => JSON.stringify(event));
          throw new Error(
            `no such event ${late ? `within ${timeoutMs} ms` : 'before the end'}; the last of ${this.length}:\n${tail.join('\n')}`,
          );
        }
        await Promise.race([this.#changed.promise, expired]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** All events, those that came already first; ends with {@link end}. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (let position = 0; ;) {
      for (; position < this.#events.length; position++) {
        const event = this.#events[position];
        if (event !== undefined) yield event;
      }
      if (this.#ended) return;
      await this.#changed.promise;
    }
  }

  #wake(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }
}
