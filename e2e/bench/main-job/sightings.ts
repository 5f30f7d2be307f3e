/** When each of many things was first seen; who waits for one costs nothing while others are seen. */
export class Sightings<V> {
  readonly #seen = new Map<string, V>();
  readonly #waiting = new Map<string, PromiseWithResolvers<V>>();

  /** Records the first sighting of a key; later ones of it are ignored. */
  record(key: string, value: V): void {
    if (this.#seen.has(key)) {
      return;
    }
    this.#seen.set(key, value);
    this.#waiting.get(key)?.resolve(value);
    this.#waiting.delete(key);
  }

  /**
   * The first sighting of a key, past or to come.
   * @throws {Error} when it does not come within `timeoutMs` (default 60 s)
   */
  async of(key: string, timeoutMs = 60_000): Promise<V> {
    const seen = this.#seen.get(key);
    if (seen !== undefined) {
      return seen;
    }
    const waiting = this.#waiting.get(key) ?? Promise.withResolvers<V>();
    this.#waiting.set(key, waiting);
    const timer = setTimeout(() => waiting.reject(new Error(`${key} was not seen within ${timeoutMs} ms`)), timeoutMs);
    try {
      return await waiting.promise;
    } finally {
      clearTimeout(timer);
    }
  }
}
