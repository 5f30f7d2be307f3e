/**
 * A set of which one looks at some members. A Set of JavaScript is searched from where its first member ever was, so that
 * looking at one, removing it and adding another costs more and more: 15 µs with 100,000 members. Here it costs O(1).
 * Members are in no order, but equal histories give equal orders.
 */
export class Bag<T> implements Iterable<T> {
  readonly #members: T[] = [];
  readonly #positions = new Map<T, number>();

  get size(): number {
    return this.#members.length;
  }

  /** One of the members. */
  get any(): T | undefined {
    return this.#members[0];
  }

  has(member: T): boolean {
    return this.#positions.has(member);
  }

  add(member: T): void {
    if (!this.#positions.has(member)) {
      this.#positions.set(member, this.#members.length);
      this.#members.push(member);
    }
  }

  /** @returns whether it was there */
  delete(member: T): boolean {
    const position = this.#positions.get(member);
    const last = this.#members.at(-1);
    if (position === undefined || last === undefined) {
      return false;
    }
    this.#members[position] = last;
    this.#positions.set(last, position);
    this.#members.pop();
    this.#positions.delete(member);
    return true;
  }

  /** So many members at most. */
  some(count: number): T[] {
    return this.#members.slice(0, count);
  }

  /** Not to be changed meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    return this.#members[Symbol.iterator]();
  }
}
