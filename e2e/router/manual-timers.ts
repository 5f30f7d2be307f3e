/** Timers whose time passes when a test says so. */
export class ManualTimers {
  #now = 0;
  readonly #waiting = new Set<{ readonly at: number; readonly callback: () => void }>();

  /** Milliseconds. */
  now(): number {
    return this.#now;
  }

  /** Calls back once after so many ms. @returns what cancels it */
  after(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.#now + milliseconds, callback };
    this.#waiting.add(timer);
    return () => this.#waiting.delete(timer);
  }

  /** Lets so many ms pass at once. */
  advance(milliseconds: number): void {
    this.#now += milliseconds;
    for (const timer of [...this.#waiting].filter(({ at }) => at <= this.#now)) {
      this.#waiting.delete(timer);
      timer.callback();
    }
  }
}
