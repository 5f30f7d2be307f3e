/** What waits for its turn to be broadcast, most urgent first. */
export type Urgency = 'first-announcement' | 'begun-proof' | 'proof' | 'repeat';

const URGENCIES: readonly Urgency[] = ['first-announcement', 'begun-proof', 'proof', 'repeat'];

/**
 * Token bucket of an interface's broadcasts: switches have storm control, and a node that takes over a thousand
 * addresses must not set it off. First announcements go before proofs, and proofs before repeated announcements. A proof
 * that has begun goes before those that have not: of many addresses the first are served while the others wait, and nobody
 * waits longer than he would if all were asked for side by side. First come, first served within each.
 */
export class Outbox<T> {
  readonly #perMs: number;
  readonly #burst: number;
  /** By key, in the order in which they came. */
  readonly #queues: Readonly<Record<Urgency, Map<unknown, T>>> = {
    'first-announcement': new Map(),
    'begun-proof': new Map(),
    proof: new Map(),
    repeat: new Map(),
  };
  #tokens: number;
  #filledAt = 0;

  /** @param options rate in broadcasts a second, and how many may go at once after a pause */
  constructor(options: { readonly perSecond: number; readonly burst: number }) {
    this.#perMs = options.perSecond / 1000;
    this.#burst = options.burst;
    this.#tokens = options.burst;
  }

  /**
   * Puts an item in line. Whether it is still wanted is judged when its turn comes. Where one with that key waits already,
   * the new one has its place: a node that has more to say than it may must not say it twice, nor remember it twice.
   * @param key default: the item itself
   */
  enqueue(urgency: Urgency, item: T, key: unknown = item): void {
    this.#queues[urgency].set(key, item);
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
      // What is enqueued meanwhile comes up in the same loop.
      for (const [key, item] of queue) {
        if (this.#tokens < 1) {
          break;
        }
        queue.delete(key);
        this.#tokens -= send(item);
      }
    }
  }

  /** How many items wait. */
  get length(): number {
    return URGENCIES.reduce((sum, urgency) => sum + this.#queues[urgency].size, 0);
  }

  /** When the next item may go; undefined where none waits. */
  next(): number | undefined {
    if (URGENCIES.every((urgency) => this.#queues[urgency].size === 0)) {
      return undefined;
    }
    return this.#tokens >= 1 ? this.#filledAt : this.#filledAt + (1 - this.#tokens) / this.#perMs;
  }
}
