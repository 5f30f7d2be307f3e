/** What the time was like in which the API server did not answer. */
export interface Outage {
  /** Some request met silence, not a refusal: connections that were open then may be dead without having been closed. */
  readonly silent: boolean;
}

/**
 * Whether the API server answers, as seen by all requests of one client together. The first success after a failure is
 * told to whoever waits in a back-off: after an outage nobody sleeps on while others already work.
 */
export class ApiHealth {
  #outage: Outage | undefined;
  readonly #listeners = new Set<(outage: Outage) => void>();

  /** False from the first request that got no answer until the next one that did. */
  get reachable(): boolean {
    return this.#outage === undefined;
  }

  /** A request failed; `silent` when nothing at all was heard. */
  reportFailure({ silent }: Outage = { silent: false }): void {
    this.#outage = { silent: silent || this.#outage?.silent === true };
  }

  reportSuccess(): void {
    const outage = this.#outage;
    if (outage === undefined) {
      return;
    }
    this.#outage = undefined;
    for (const listener of this.#listeners) {
      listener(outage);
    }
  }

  /** Calls the listener at each recovery, until the returned function is called. */
  onRecovery(listener: (outage: Outage) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
