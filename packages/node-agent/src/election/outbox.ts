/** What waits for its turn to be broadcast, most urgent first. */
export type Urgency = 'first-announcement' | 'proof' | 'repeat';

const URGENCIES: readonly Urgency[] = ['first-announcement', 'proof', 'repeat'];

/**
 * Token bucket of an interface's broadcasts: switches have storm control, and a node that takes over a thousand
 * addresses must not set it off. First announcements go before proofs, and proofs before repeated announcements; first
 * come, first served within each.
 */
export class Outbox<T> {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #queues: Record<Urgency, T[]> = { 'first-announcement': [], proof: [], repeat: [] };
  #tokens: number;
  #filledAt = 0;

  /** @param options rate in broadcasts a second, and how many may go at once after a pause */
  constructor(options: { readonly perSecond: number; readonly burst: number }) {
    this.#perMs = options.perSecond / 1000;
    this.#burst = options.burst;
    this.#tokens = options.burst;
  }

  /** Puts an item in line. Whether it is still wanted is judged when its turn comes. */
  enqueue(urgency: Urgency, item: T): void {
    this.#queues[urgency].push(item);
  }

  /**
   * Hands out what may go now, and leaves the rest. `send` returns how many broadcasts it made, 0 for an item that is no
   * longer wanted, and may enqueue.
   */
  drain(now: number, send: (item: T) => number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#filledAt) * this.#perMs);
    this.#filledAt = now;
    for (const urgency of URGENCIES) {
      const queue = this.#queues[urgency];
      let taken = 0;
      while (this.#tokens >= 1 && taken < queue.length) {
        const item = queue[taken];
        taken += 1;
        if (item !== undefined) {
          this.#tokens -= send(item);
        }
      }
      queue.splice(0, taken);
    }
  }

  /** How many items wait. */
  get length(): number {
    return URGENCIES.reduce((sum, urgency) => sum + this.#queues[urgency].length, 0);
  }

  /** When the next item may go; undefined where none waits. */
  next(): number | undefined {
    if (URGENCIES.every((urgency) => this.#queues[urgency].length === 0)) {
      return undefined;
    }
    return this.#tokens >= 1 ? this.#filledAt : this.#filledAt + (1 - this.#tokens) / this.#perMs;
  }
}
