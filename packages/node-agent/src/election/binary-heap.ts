/** A queue by priority: the item that goes before all others comes out first. Putting in and taking out cost O(log n). */
export class BinaryHeap<T> {
  readonly #items: T[] = [];
  readonly #before: (one: T, other: T) => boolean;

  /** @param before whether the one is to come out before the other; a strict order, which may leave equals undecided */
  constructor(before: (one: T, other: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The first item, which stays; undefined where there is none. */
  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    const items = this.#items;
    let index = items.length;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = items[parentIndex];
      if (parent === undefined || !this.#before(item, parent)) {
        break;
      }
      items[index] = parent;
      index = parentIndex;
    }
    items[index] = item;
  }

  /** Takes out the first item; undefined where there is none. */
  pop(): T | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last !== undefined && items.length > 0) {
      this.#sink(last);
    }
    return first;
  }

  /** Finds the place of an item that stands in for the first one. */
  #sink(item: T): void {
    const items = this.#items;
    let index = 0;
    for (;;) {
      const leftIndex = 2 * index + 1;
      const left = items[leftIndex];
      const right = items[leftIndex + 1];
      const useRight = right !== undefined && left !== undefined && this.#before(right, left);
      const child = useRight ? right : left;
      if (child === undefined || !this.#before(child, item)) {
        break;
      }
      items[index] = child;
      index = useRight ? leftIndex + 1 : leftIndex;
    }
    items[index] = item;
  }
}
