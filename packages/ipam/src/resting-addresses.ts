/** Below this many the front of the queue is not worth cutting off. */
const CUT_FROM = 1_024;

/**
 * Freed addresses in the order in which they were freed. Joining, leaving from anywhere, and looking at the one that rests
 * longest cost O(1) over time: who leaves stays in the queue, to be passed over when it comes to the front.
 */
export class RestingAddresses implements Iterable<bigint> {
  #queue: bigint[] = [];
  /** Where in the queue an address stands, counted from the beginning of time. */
  readonly #positions = new Map<bigint, number>();
  /** How many have been cut off before the queue. */
  #cut = 0;
  #front = 0;

  get size(): number {
    return this.#positions.size;
  }

  /** The one that has been free for longest. */
  get longest(): bigint | undefined {
    while (this.#front < this.#queue.length) {
      const value = this.#queue[this.#front];
      if (value !== undefined && this.#isAt(value, this.#front)) {
        return value;
      }
      this.#front += 1;
    }
    this.#cutOff();
    return undefined;
  }

  has(value: bigint): boolean {
    return this.#positions.has(value);
  }

  /** The address begins to rest; one that does already goes on. */
  add(value: bigint): void {
    if (!this.#positions.has(value)) {
      this.#positions.set(value, this.#cut + this.#queue.length);
      this.#queue.push(value);
    }
  }

  delete(value: bigint): void {
    if (this.#positions.delete(value) && this.#front > CUT_FROM && 2 * this.#front > this.#queue.length) {
      this.#cutOff();
    }
  }

  /** Longest first. */
  *[Symbol.iterator](): Iterator<bigint> {
    for (const [index, value] of this.#queue.entries()) {
      if (this.#isAt(value, index)) {
        yield value;
      }
    }
  }

  #isAt(value: bigint, index: number): boolean {
    return this.#positions.get(value) === this.#cut + index;
  }

  #cutOff(): void {
    this.#queue = this.#queue.slice(this.#front);
    this.#cut += this.#front;
    this.#front = 0;
  }
}
