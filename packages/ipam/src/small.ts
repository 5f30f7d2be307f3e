import type { IPFamily } from '@fairlead/api';
import { Bag } from './bag.ts';

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

/** A set that nearly always has one member; in no order. */
export class FewMembers<T> implements Iterable<T> {
  #only: T | undefined;
  /** All members, once there have been two. */
  #all: Bag<T> | undefined;

  get size(): number {
    return this.#all === undefined ? (this.#only === undefined ? 0 : 1) : this.#all.size;
  }

  /** One of the members. */
  get any(): T | undefined {
    return this.#all === undefined ? this.#only : this.#all.any;
  }

  has(member: T): boolean {
    return this.#all === undefined ? this.#only === member : this.#all.has(member);
  }

  add(member: T): void {
    if (this.#all === undefined && (this.#only === undefined || this.#only === member)) {
      this.#only = member;
      return;
    }
    if (this.#all === undefined) {
      const all = new Bag<T>();
      for (const first of this) {
        all.add(first);
      }
      this.#all = all;
    }
    this.#all.add(member);
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
