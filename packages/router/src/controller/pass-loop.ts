/**
 * Runs one pass at a time. Whatever asks for one while it runs gets one more behind it, so that the last pass always
 * begins after the last change.
 */
export class PassLoop {
  readonly #pass: () => Promise<number | undefined>;
  #running: Promise<void> | undefined;
  #again = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param pass must not reject; returns after how many milliseconds it wants to run again, undefined: only when woken */
  constructor(pass: () => Promise<number | undefined>) {
    this.#pass = pass;
  }

  /** Runs a pass now, or once more behind the one that runs. */
  wake(): void {
    clearTimeout(this.#timer);
    if (this.#closed) {
      return;
    }
    if (this.#running !== undefined) {
      this.#again = true;
      return;
    }
    this.#again = false;
    this.#running = this.#run();
  }

  /** Starts no pass any more, and waits for the one that runs. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    const delayMs = await this.#pass();
    this.#running = undefined;
    if (this.#closed) {
      return;
    }
    if (this.#again) {
      this.wake();
    } else if (delayMs !== undefined) {
      this.#timer = setTimeout(() => this.wake(), delayMs);
    }
  }
}
