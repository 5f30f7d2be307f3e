/**
 * Whether the API server answers, as seen by all requests of one client together. The first success after a failure is
 * told to whoever waits in a back-off: after an outage nobody sleeps on while others already work.
 */
export class ApiHealth {
  #reachable = true;
  readonly #listeners = new Set<() => void>();

  /** False from the first request that got no answer until the next one that did. */
  get reachable(): boolean {
    return this.#reachable;
  }

  reportFailure(): void {
    this.#reachable = false;
  }

  reportSuccess(): void {
    if (this.#reachable) {
      return;
    }
    this.#reachable = true;
    for (const listener of this.#listeners) {
      listener();
    }
  }

  /** Calls the listener at each recovery, until the returned function is called. */
  onRecovery(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
