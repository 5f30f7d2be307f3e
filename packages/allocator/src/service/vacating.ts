/**
 * Addresses that stand on Services which are not to have them any more. The engine gives them to others at once; those must
 * not say so before they are gone where they were, or an address would stand on two Services: for a moment, and for long
 * when the leader dies in that moment.
 */
export class Vacating {
  /** Addresses by Service. */
  readonly #leaving = new Map<string, readonly string[]>();
  /** Services by address. */
  readonly #on = new Map<string, Set<string>>();
  /** Who waits for whom, and since when. */
  readonly #waiting = new Map<string, { readonly on: string; readonly since: number }>();

  /**
   * These addresses stand on the Service and are to go; none when it is as it should be, or gone.
   * @returns who waited for what has gone now
   */
  set(key: string, addresses: readonly string[]): readonly string[] {
    const before = this.#leaving.get(key) ?? [];
    if (before.length === 0 && addresses.length === 0) {
      return [];
    }
    for (const address of before) {
      const on = this.#on.get(address);
      on?.delete(key);
      if (on?.size === 0) {
        this.#on.delete(address);
      }
    }
    for (const address of addresses) {
      const on = this.#on.get(address) ?? new Set();
      this.#on.set(address, on.add(key));
    }
    if (addresses.length === 0) {
      this.#leaving.delete(key);
    } else {
      this.#leaving.set(key, addresses);
    }
    return before.every((address) => addresses.includes(address)) ? [] : this.#released(key);
  }

  /** The addresses that stand on the Service and are to go. */
  of(key: string): readonly string[] {
    return this.#leaving.get(key) ?? [];
  }

  /**
   * On whom one of these addresses still stands, so that the Service cannot say yet that it has it; it is then among those
   * whom {@link set} returns. Where two wait for each other (each gets what the other had), `inTurn` is true: one of them
   * has to let go first.
   * @param now monotonic milliseconds, for `since`: from when on it has waited without an end
   */
  blocker(
    key: string,
    addresses: readonly string[],
    now: number,
  ): { readonly key: string; readonly address: string; readonly inTurn: boolean; readonly since: number } | undefined {
    const since = this.#waiting.get(key)?.since ?? now;
    this.#waiting.delete(key);
    for (const address of addresses) {
      for (const other of this.#on.get(address) ?? []) {
        if (other !== key) {
          this.#waiting.set(key, { on: other, since });
          return { key: other, address, inTurn: this.#waitsFor(other, key), since };
        }
      }
    }
    return undefined;
  }

  /** The Service is gone, or wants nothing more. @returns who waited for what stood on it */
  forget(key: string): readonly string[] {
    this.#waiting.delete(key);
    return this.set(key, []);
  }

  #waitsFor(key: string, other: string): boolean {
    const seen = new Set<string>();
    for (let next = this.#waiting.get(key)?.on; next !== undefined && !seen.has(next);) {
      if (next === other) {
        return true;
      }
      seen.add(next);
      next = this.#waiting.get(next)?.on;
    }
    return false;
  }

  #released(key: string): readonly string[] {
    const waiting = [...this.#waiting].filter(([, { on }]) => on === key).map(([waiter]) => waiter);
    for (const waiter of waiting) {
      this.#waiting.delete(waiter);
    }
    return waiting;
  }
}
