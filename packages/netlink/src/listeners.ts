/** Functions that are called with each event, in the order in which they were added. */
export class Listeners<T> {
  readonly #listeners = new Set<(event: T) => void>();

  /** @returns a function that takes the listener out again */
  add(listener: (event: T) => void): () => void {
    // An own function each time, so that the same listener added twice is called twice and removed once.
    const entry = (event: T): void => listener(event);
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  /** Calls everybody. What a listener throws is thrown on its own as an uncaught exception and keeps nobody from hearing. */
  emit(event: T): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** Forgets everybody. */
  clear(): void {
    this.#listeners.clear();
  }
}
