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

/** A waiting line: whoever is oldest stands in front, whenever it joined. Joining and leaving cost O(log n). */
export class AgeLine<T> {
  readonly #ageOf: (member: T) => Aged;
  readonly #heap: T[] = [];
  readonly #positions = new Map<T, number>();

  constructor(ageOf: (member: T) => Aged) {
    this.#ageOf = ageOf;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** The oldest. */
  get first(): T | undefined {
    return this.#heap[0];
  }

  /** Adds a member; one that is in line already stays where it is. */
  add(member: T): void {
    if (!this.#positions.has(member)) {
      this.#heap.push(member);
      this.#rise(member, this.#heap.length - 1);
    }
  }

  /** Removes a member, if it is in line. */
  remove(member: T): void {
    const position = this.#positions.get(member);
    const last = this.#heap.pop();
    if (position === undefined || last === undefined) {
      if (last !== undefined) {
        this.#heap.push(last);
      }
      return;
    }
    this.#positions.delete(member);
    if (last !== member) {
      this.#rise(last, position);
      this.#sink(last, this.#positions.get(last) ?? position);
    }
  }

  #place(member: T, position: number): void {
    this.#heap[position] = member;
    this.#positions.set(member, position);
  }

  #isOlder(a: T, b: T): boolean {
    return compareAge(this.#ageOf(a), this.#ageOf(b)) < 0;
  }

  /** Places the member where it belongs at or above the position: members above that are younger come down. */
  #rise(member: T, from: number): void {
    let position = from;
    while (position > 0) {
      const parent = (position - 1) >>> 1;
      const above = this.#heap[parent];
      if (above === undefined || !this.#isOlder(member, above)) {
        break;
      }
      this.#place(above, position);
      position = parent;
    }
    this.#place(member, position);
  }

  /** Places the member where it belongs at or below the position: members below that are older come up. */
  #sink(member: T, from: number): void {
    let position = from;
    for (;;) {
      const child = this.#olderChild(position);
      const below = this.#heap[child];
      if (below === undefined || !this.#isOlder(below, member)) {
        break;
      }
      this.#place(below, position);
      position = child;
    }
    this.#place(member, position);
  }

  /** Where the older of two children stands; beyond the end where there is none. */
  #olderChild(position: number): number {
    const left = 2 * position + 1;
    const leftMember = this.#heap[left];
    const rightMember = this.#heap[left + 1];
    return leftMember !== undefined && rightMember !== undefined && this.#isOlder(rightMember, leftMember)
      ? left + 1
      : left;
  }
}
