/** What decides who was first. */
export interface Aged {
  /** `metadata.creationTimestamp` in milliseconds since 1970. */
  readonly createdAt: number;
  /** `metadata.uid`; decides within the same second. */
  readonly uid: string;
}

/** Below 0 where `a` is the older one. */
export function compareAge(a: Aged, b: Aged): number {
  return a.createdAt - b.createdAt || (a.uid < b.uid ? -1 : a.uid > b.uid ? 1 : 0);
}

/** The older of two, if there are two. */
export function olderOf<T extends { readonly view: Aged }>(a: T | undefined, b: T): T {
  return a === undefined || compareAge(b.view, a.view) < 0 ? b : a;
}

/** A member with its age when it joined. */
interface Entry<T> extends Aged {
  readonly member: T;
  /** Whether it has left; it then goes from the heap when it comes to the top. */
  hasLeft: boolean;
}

/** So many entries of those who have left are borne besides as many as there are members. */
const LEFT_AT_MOST = 64;

/** A waiting line: whoever is oldest stands in front, whenever it joined. Joining and leaving cost O(log n) over time. */
export class AgeLine<T> {
  readonly #ageOf: (member: T) => Aged;
  /** A binary heap, the oldest on top; the one on top has not left. */
  #heap: Entry<T>[] = [];
  readonly #entries = new Map<T, Entry<T>>();

  constructor(ageOf: (member: T) => Aged) {
    this.#ageOf = ageOf;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The oldest. */
  get first(): T | undefined {
    return this.#heap[0]?.member;
  }

  /** Adds a member; one that is in line already stays where it is. */
  add(member: T): void {
    if (!this.#entries.has(member)) {
      const { createdAt, uid } = this.#ageOf(member);
      const entry = { member, createdAt, uid, hasLeft: false };
      this.#entries.set(member, entry);
      this.#heap.push(entry);
      this.#rise(entry, this.#heap.length - 1);
    }
  }

  /** Removes a member, if it is in line. */
  remove(member: T): void {
    const entry = this.#entries.get(member);
    if (entry === undefined) {
      return;
    }
    entry.hasLeft = true;
    this.#entries.delete(member);
    while (this.#heap[0]?.hasLeft === true) {
      this.#dropTop();
    }
    if (this.#heap.length > 2 * this.#entries.size + LEFT_AT_MOST) {
      this.#heap = [...this.#entries.values()].sort(compareAge);
    }
  }

  #dropTop(): void {
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) {
      this.#sink(last);
    }
  }

  /** Places the entry where it belongs at or above the position: those above that are younger come down. */
  #rise(entry: Entry<T>, from: number): void {
    let position = from;
    while (position > 0) {
      const parent = (position - 1) >>> 1;
      const above = this.#heap[parent];
      if (above === undefined || compareAge(entry, above) >= 0) {
        break;
      }
      this.#heap[position] = above;
      position = parent;
    }
    this.#heap[position] = entry;
  }

  /** Places the entry where it belongs from the top down: those below that are older come up. */
  #sink(entry: Entry<T>): void {
    let position = 0;
    for (;;) {
      const child = this.#olderChild(position);
      const below = this.#heap[child];
      if (below === undefined || compareAge(below, entry) >= 0) {
        break;
      }
      this.#heap[position] = below;
      position = child;
    }
    this.#heap[position] = entry;
  }

  /** Where the older of two children stands; beyond the end where there is none. */
  #olderChild(position: number): number {
    const left = 2 * position + 1;
    const leftEntry = this.#heap[left];
    const rightEntry = this.#heap[left + 1];
    return leftEntry !== undefined && rightEntry !== undefined && compareAge(rightEntry, leftEntry) < 0
      ? left + 1
      : left;
  }
}
