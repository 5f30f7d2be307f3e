import { findInterval } from './intervals.ts';
import type { Pool } from './pool.ts';
import { isUsable, poolCapacity } from './pool.ts';
import { RestingAddresses } from './resting-addresses.ts';

/**
 * How many freed addresses rest at most before they are used again although there are others that never were: it bounds
 * the memory (some 100 bytes each) of a /64 whose Services come and go for years.
 */
export const RESTING_AT_MOST = 16_384;

/**
 * The free addresses of a group in one family. It takes those that were never used, in rising order, then the one that
 * has been free for longest. Nothing is listed: a cursor walks over what was never used, and freed addresses stand in a
 * queue, so that a /48 costs what a /24 does and a full pool answers at once.
 */
export class FreeAddresses {
  readonly #pools: readonly Pool[];
  /** The same in rising order. */
  readonly #sorted: readonly Pool[];
  readonly #isTaken: (value: bigint) => boolean;
  /** In the order in which they were freed. */
  readonly #resting = new RestingAddresses();
  #capacity = 0n;
  #taken = 0n;
  #pool = 0;
  #interval = 0;
  #next: bigint | undefined;

  /**
   * @param pools disjoint and in the order in which they are drawn from
   * @param isTaken whether a Service has the address; those that already have one at this moment are told by {@link claim}
   * @param resting addresses that were freed, longest first, from before an edit of the group
   */
  constructor(pools: readonly Pool[], isTaken: (value: bigint) => boolean, resting: Iterable<bigint> = []) {
    this.#pools = pools;
    this.#sorted = pools.toSorted((a, b) => (a.first < b.first ? -1 : 1));
    this.#isTaken = isTaken;
    for (const value of resting) {
      if (this.isUsable(value)) {
        this.#resting.add(value);
      }
    }
    for (const pool of pools) {
      this.#capacity += poolCapacity(pool);
    }
    this.#next = pools[0]?.usable[0]?.first;
    if (this.#next === undefined) {
      this.#nextInterval();
    }
  }

  /** How many addresses could be handed out now. */
  get available(): bigint {
    return this.#capacity - this.#taken;
  }

  /** Freed addresses, longest first. */
  get resting(): Iterable<bigint> {
    return this.#resting;
  }

  /** Whether an address of the pools may be handed out, be it free or not. */
  isUsable(value: bigint): boolean {
    const pool = findInterval(this.#sorted, value);
    return pool !== undefined && isUsable(pool, value);
  }

  /** The address to hand out next; undefined when none is free. It stays free until it is claimed. */
  peek(): bigint | undefined {
    if (this.#taken >= this.#capacity) {
      return undefined;
    }
    if (this.#resting.size >= RESTING_AT_MOST) {
      return this.#resting.longest;
    }
    return this.#neverUsed() ?? this.#resting.longest;
  }

  /** A Service has the address now. */
  claim(value: bigint): void {
    this.#resting.delete(value);
    if (this.isUsable(value)) {
      this.#taken += 1n;
    }
  }

  /** No Service has the address any more: it rests. */
  release(value: bigint): void {
    if (this.isUsable(value)) {
      this.#taken -= 1n;
      this.#resting.add(value);
    }
  }

  /** Each address is passed once between two edits of the group, so a step costs O(1) over time. */
  #neverUsed(): bigint | undefined {
    while (this.#next !== undefined) {
      const value = this.#next;
      const pool = this.#pools[this.#pool];
      if (pool !== undefined && !this.#isTaken(value) && !this.#resting.has(value) && isUsable(pool, value)) {
        return value;
      }
      const interval = pool?.usable[this.#interval];
      if (interval !== undefined && value < interval.last) {
        this.#next = value + 1n;
      } else {
        this.#nextInterval();
      }
    }
    return undefined;
  }

  #nextInterval(): void {
    this.#interval += 1;
    this.#next = this.#pools[this.#pool]?.usable[this.#interval]?.first;
    while (this.#next === undefined && this.#pool < this.#pools.length) {
      this.#pool += 1;
      this.#interval = 0;
      this.#next = this.#pools[this.#pool]?.usable[0]?.first;
    }
  }
}
