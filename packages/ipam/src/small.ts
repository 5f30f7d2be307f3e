import type { IPFamily } from '@fairlead/api';

/** At most one value a family; a Map would cost ten times the memory, and there is one of these for each Service. */
export class PerFamily<T> {
  #four: T | undefined;
  #six: T | undefined;

  get size(): number {
    return (this.#four === undefined ? 0 : 1) + (this.#six === undefined ? 0 : 1);
  }

  get(family: IPFamily): T | undefined {
    return family === 'IPv4' ? this.#four : this.#six;
  }

  has(family: IPFamily): boolean {
    return this.get(family) !== undefined;
  }

  set(family: IPFamily, value: T | undefined): void {
    if (family === 'IPv4') {
      this.#four = value;
    } else {
      this.#six = value;
    }
  }

  delete(family: IPFamily): void {
    this.set(family, undefined);
  }

  /** The values that there are at this moment. */
  values(): T[] {
    return [this.#four, this.#six].filter((value) => value !== undefined);
  }
}

/** A set that nearly always has one member, in the order of joining. */
export class FewMembers<T> implements Iterable<T> {
  #only: T | undefined;
  /** All members, once there have been two. */
  #all: Set<T> | undefined;

  get size(): number {
    return this.#all === undefined ? (this.#only === undefined ? 0 : 1) : this.#all.size;
  }

  /** The one that joined first. */
  get first(): T | undefined {
    return this.#all === undefined ? this.#only : this.#all.values().next().value;
  }

  has(member: T): boolean {
    return this.#all === undefined ? this.#only === member : this.#all.has(member);
  }

  add(member: T): void {
    if (this.#all === undefined && (this.#only === undefined || this.#only === member)) {
      this.#only = member;
    } else {
      this.#all ??= new Set(this.#only === undefined ? [] : [this.#only]);
      this.#all.add(member);
    }
  }

  delete(member: T): void {
    if (this.#all !== undefined) {
      this.#all.delete(member);
    } else if (this.#only === member) {
      this.#only = undefined;
    }
  }

  [Symbol.iterator](): Iterator<T> {
    return (this.#all ?? (this.#only === undefined ? [] : [this.#only]))[Symbol.iterator]();
  }
}
