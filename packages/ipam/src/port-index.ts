import { Bag } from './bag.ts';

/** Ports such as `TCP/80`. */
export interface Ports extends Iterable<string> {
  readonly size: number;
  has(port: string): boolean;
}

/** A short list of ports, as Services have it. */
export class PortList implements Ports {
  readonly #ports: readonly string[];

  constructor(ports: readonly string[]) {
    this.#ports = ports;
  }

  get size(): number {
    return this.#ports.length;
  }

  has(port: string): boolean {
    return this.#ports.includes(port);
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#ports[Symbol.iterator]();
  }
}

/** Whether the two have no port in common; looks at each of the fewer ones. */
export function areDisjoint(a: Ports, b: Ports): boolean {
  const [few, many] = a.size <= b.size ? [a, b] : [b, a];
  for (const port of few) {
    if (many.has(port)) {
      return false;
    }
  }
  return true;
}

/** For how many ports it is known who lacks them. Each of these sets is kept up to date with every member that comes. */
const LACKING_AT_MOST = 32;

/**
 * Members that have ports, such that those with none of certain ports are found without looking at all of them.
 *
 * Cost for p ports asked for: O(p) where one of them is had by everybody (nobody fits) or none by anybody (everybody
 * fits). Else the members that lack the most frequent of them are gone through, until one lacks the others as well: with
 * one port it is the first. Coming and going costs O(ports of the member); the first question about a port that some have
 * and some lack costs one pass over the members.
 */
export class PortIndex<T extends { readonly ports: Ports }> {
  readonly #members = new Bag<T>();
  /** How many members have the port. */
  readonly #having = new Map<string, number>();
  /** Who lacks the port; made when it is asked for. */
  readonly #lacking = new Map<string, Bag<T>>();

  get size(): number {
    return this.#members.size;
  }

  add(member: T): void {
    this.#members.add(member);
    for (const [port, members] of this.#lacking) {
      if (!member.ports.has(port)) {
        members.add(member);
      }
    }
    for (const port of member.ports) {
      this.#having.set(port, (this.#having.get(port) ?? 0) + 1);
    }
  }

  /** Removes a member, which must have the ports that are known of it. */
  delete(member: T): void {
    this.#members.delete(member);
    for (const members of this.#lacking.values()) {
      members.delete(member);
    }
    for (const port of member.ports) {
      this.#decrement(port);
    }
  }

  /** A member has these ports as well, none of which it had. */
  gain(member: T, ports: Iterable<string>): void {
    for (const port of ports) {
      this.#having.set(port, (this.#having.get(port) ?? 0) + 1);
      this.#lacking.get(port)?.delete(member);
    }
  }

  /** A member has these ports no more, all of which it had. */
  lose(member: T, ports: Iterable<string>): void {
    for (const port of ports) {
      this.#decrement(port);
      this.#lacking.get(port)?.add(member);
    }
  }

  /** All members that have none of the ports. */
  without(ports: Ports): T[] {
    const found: T[] = [];
    for (const member of this.#candidates(ports) ?? []) {
      if (areDisjoint(ports, member.ports)) {
        found.push(member);
      }
    }
    return found;
  }

  /** A member that has none of the ports and is acceptable; undefined when there is none. */
  find(ports: Ports, isAcceptable: (member: T) => boolean): T | undefined {
    for (const member of this.#candidates(ports) ?? []) {
      if (areDisjoint(ports, member.ports) && isAcceptable(member)) {
        return member;
      }
    }
    return undefined;
  }

  /** Few enough members among which are all that have none of the ports; undefined when there is none. */
  #candidates(ports: Ports): Iterable<T> | undefined {
    if (this.#members.size <= 1) {
      return this.#members;
    }
    let frequent: string | undefined;
    let most = 0;
    for (const port of ports) {
      const having = this.#having.get(port) ?? 0;
      if (having === this.#members.size) {
        return undefined;
      }
      if (having > most) {
        most = having;
        frequent = port;
      }
    }
    return frequent === undefined ? this.#members : this.#lackingOf(frequent);
  }

  #lackingOf(port: string): Iterable<T> {
    const known = this.#lacking.get(port);
    if (known !== undefined) {
      return known;
    }
    const members = new Bag<T>();
    for (const member of this.#members) {
      if (!member.ports.has(port)) {
        members.add(member);
      }
    }
    const [longest] = this.#lacking.keys();
    if (longest !== undefined && this.#lacking.size >= LACKING_AT_MOST) {
      this.#lacking.delete(longest);
    }
    this.#lacking.set(port, members);
    return members;
  }

  #decrement(port: string): void {
    const having = (this.#having.get(port) ?? 0) - 1;
    if (having > 0) {
      this.#having.set(port, having);
    } else {
      this.#having.delete(port);
      this.#lacking.delete(port);
    }
  }
}
