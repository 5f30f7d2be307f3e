import type { IPFamily } from '@fairlead/api';
import { AgeLine } from './age.ts';
import type { Allocation } from './allocation.ts';
import type { Group } from './group.ts';
import { addTo, removeFrom } from './sets.ts';

/** Free addresses that would help: all of these families of the group at once, or any one of them. */
export interface Need {
  readonly group: string;
  readonly mode: 'all' | 'any';
  readonly families: readonly IPFamily[];
}

/** What an unmet wish waits for. An edit of any group, or of its Namespace, makes it judged again in any case. */
export interface Wait {
  /** One of these is enough. */
  readonly needs: readonly Need[];
  /** The very addresses that it asks for and others have. */
  readonly addresses: readonly { readonly family: IPFamily; readonly value: bigint }[];
  /** It could join others of this sharing signature. */
  readonly signature: string | undefined;
}

/** Everybody with the same needs; the oldest in front can use whatever any of them could. */
interface Line {
  readonly key: string;
  readonly needs: readonly Need[];
  readonly members: AgeLine<Allocation>;
}

/** Whether the group has what is needed now. */
export function isMet(need: Need, group: Group): boolean {
  return need.mode === 'all'
    ? need.families.every((family) => group.hasFree(family))
    : need.families.some((family) => group.hasFree(family));
}

/** The key of an address in maps. */
function addressKey(family: IPFamily, value: bigint): string {
  return `${family === 'IPv4' ? '4' : '6'}${value.toString(36)}`;
}

/**
 * Services with an unmet wish, found by what would meet it: whoever frees an address asks for the oldest that can use it,
 * and 10,000 others in line are not looked at.
 */
export class WaitingServices {
  readonly #all = new AgeLine<Allocation>(({ view }) => view);
  readonly #lines = new Map<string, Line>();
  readonly #linesOfGroup = new Map<string, Set<Line>>();
  readonly #lineOf = new Map<Allocation, Line>();
  readonly #byAddress = new Map<string, Set<Allocation>>();
  readonly #bySignature = new Map<string, Set<Allocation>>();
  readonly #byNamespace = new Map<string, Set<Allocation>>();

  get size(): number {
    return this.#all.size;
  }

  /** Puts a Service into line for what its {@link Allocation.wait} says. */
  add(service: Allocation, wait: Wait): void {
    service.wait = wait;
    this.#all.add(service);
    addTo(this.#byNamespace, service.view.namespace, service);
    for (const { family, value } of wait.addresses) {
      addTo(this.#byAddress, addressKey(family, value), service);
    }
    if (wait.signature !== undefined) {
      addTo(this.#bySignature, wait.signature, service);
    }
    if (wait.needs.length > 0) {
      const line = this.#lineFor(wait.needs);
      line.members.add(service);
      this.#lineOf.set(service, line);
    }
  }

  /** Takes a Service out of every line. */
  remove(service: Allocation): void {
    const { wait } = service;
    if (wait === undefined) {
      return;
    }
    service.wait = undefined;
    this.#all.remove(service);
    removeFrom(this.#byNamespace, service.view.namespace, service);
    for (const { family, value } of wait.addresses) {
      removeFrom(this.#byAddress, addressKey(family, value), service);
    }
    if (wait.signature !== undefined) {
      removeFrom(this.#bySignature, wait.signature, service);
    }
    const line = this.#lineOf.get(service);
    if (line !== undefined) {
      this.#lineOf.delete(service);
      line.members.remove(service);
      this.#dropIfEmpty(line);
    }
  }

  /** Everybody, oldest first. */
  everybody(): Allocation[] {
    return this.#all.toSorted();
  }

  ofNamespace(namespace: string): Iterable<Allocation> {
    return this.#byNamespace.get(namespace) ?? [];
  }

  /** The front of each line that an address of the group, as it is now, would help. */
  *whoCanUse(group: Group): Iterable<Allocation> {
    for (const line of this.#linesOfGroup.get(group.name) ?? []) {
      const { first } = line.members;
      if (first !== undefined && line.needs.some((need) => need.group === group.name && isMet(need, group))) {
        yield first;
      }
    }
  }

  /** Who asks for this very address. */
  whoWants(family: IPFamily, value: bigint): Iterable<Allocation> {
    return this.#byAddress.get(addressKey(family, value)) ?? [];
  }

  /** Who would join holders of an address with this sharing signature. */
  whoCouldShare(signature: string | undefined): Iterable<Allocation> {
    return (signature === undefined ? undefined : this.#bySignature.get(signature)) ?? [];
  }

  #lineFor(needs: readonly Need[]): Line {
    const key = needs.map(({ group, mode, families }) => `${group} ${mode} ${families.join('+')}`).join(', ');
    const known = this.#lines.get(key);
    if (known !== undefined) {
      return known;
    }
    const line: Line = { key, needs, members: new AgeLine<Allocation>(({ view }) => view) };
    this.#lines.set(key, line);
    for (const { group } of needs) {
      addTo(this.#linesOfGroup, group, line);
    }
    return line;
  }

  #dropIfEmpty(line: Line): void {
    if (line.members.size === 0) {
      this.#lines.delete(line.key);
      for (const { group } of line.needs) {
        removeFrom(this.#linesOfGroup, group, line);
      }
    }
  }
}
