import { BinaryHeap } from './binary-heap.ts';

/** A time that an item has, or had once. */
interface Entry<T> {
  readonly at: number;
  readonly item: T;
}

/** Next times of many things, each of which has at most one. Setting and taking cost O(log n). */
export class Deadlines<T> {
  readonly #due = new Map<T, number>();
  /** An entry that no longer agrees with the map is skipped when it comes up. */
  readonly #heap = new BinaryHeap<Entry<T>>((one, other) => one.at < other.at);

  /** Replaces the item's time. */
  set(item: T, at: number): void {
    if (this.#due.get(item) === at) {
      return;
    }
    this.#due.set(item, at);
    this.#heap.push({ at, item });
  }

  delete(item: T): void {
    this.#due.delete(item);
  }

  /** The item's time. */
  get(item: T): number | undefined {
    return this.#due.get(item);
  }

  /** The earliest time. */
  next(): number | undefined {
    return this.#peek()?.at;
  }

  /** Takes out the earliest item that is due, if any. */
  take(now: number): T | undefined {
    const first = this.#peek();
    if (first === undefined || first.at > now) {
      return undefined;
    }
    this.#heap.pop();
    this.#due.delete(first.item);
    return first.item;
  }

  #peek(): Entry<T> | undefined {
    for (;;) {
      const first = this.#heap.peek();
      if (first === undefined || this.#due.get(first.item) === first.at) {
        return first;
      }
      this.#heap.pop();
    }
  }
}
