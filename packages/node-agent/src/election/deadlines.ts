/** Next times of many things, each of which has at most one. Setting and taking cost O(log n). */
export class Deadlines<T> {
  readonly #due = new Map<T, number>();
  /** Binary heap by time; an entry that no longer agrees with the map is skipped when it comes up. */
  readonly #heap: { readonly at: number; readonly item: T }[] = [];

  /** Replaces the item's time. */
  set(item: T, at: number): void {
    if (this.#due.get(item) === at) {
      return;
    }
    this.#due.set(item, at);
    this.#push({ at, item });
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
    this.#pop();
    this.#due.delete(first.item);
    return first.item;
  }

  #peek(): { readonly at: number; readonly item: T } | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || this.#due.get(first.item) === first.at) {
        return first;
      }
      this.#pop();
    }
  }

  #push(entry: { readonly at: number; readonly item: T }): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || parent.at <= entry.at) {
        break;
      }
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) {
      return;
    }
    let index = 0;
    for (;;) {
      const left = heap[2 * index + 1];
      const right = heap[2 * index + 2];
      const child = right !== undefined && left !== undefined && right.at < left.at ? right : left;
      if (child === undefined || child.at >= last.at) {
        break;
      }
      heap[index] = child;
      index = child === right ? 2 * index + 2 : 2 * index + 1;
    }
    heap[index] = last;
  }
}
