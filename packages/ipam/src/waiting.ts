import type { IPFamily } from '@fairlead/api';
import { AgeLine, olderOf } from './age.ts';
import type { Allocation } from './allocation.ts';
import type { Group } from './group.ts';
import type { Holding } from './holding.ts';
import { Bag } from './bag.ts';
import type { Company } from './companies.ts';
import { addressKey, Companies } from './companies.ts';
import { addTo, removeFrom } from './sets.ts';
import type { Place } from './place.ts';

/** Free addresses that would help: all of these families of the group at once, or any one of them. */
export interface Need {
  readonly group: string;
  readonly mode: 'all' | 'any';
  readonly families: readonly IPFamily[];
}

/** An address that a Service asks for and others have. */
export interface BusyAddress {
  readonly family: IPFamily;
  readonly value: bigint;
  /** Only Services of one namespace share it. */
  readonly namespaceOnly: boolean;
}

/** What an unmet wish waits for. An edit of any group, or of its Namespace, makes it judged again in any case. */
export interface Wait {
  /** One of these is enough. */
  readonly needs: readonly Need[];
  readonly addresses: readonly BusyAddress[];
  /** It could join others here. */
  readonly places: readonly Place[];
  /**
   * Services that wait at the same places and are alike in this, in ports and in what they share by can use the same
   * addresses, so that the oldest speaks for all.
   */
  readonly likeness: string;
}

/** It waits for nothing but an edit of a group, of its Namespace or of itself. */
export const NOTHING_TO_COME: Wait = { needs: [], addresses: [], places: [], likeness: '' };

/** Everybody with the same needs; the oldest in front can use whatever any of them could. */
export interface Line {
  readonly key: string;
  readonly needs: readonly Need[];
  readonly members: AgeLine<Allocation>;
}

/** Where a Service stands in line. */
export interface Standing {
  readonly addresses: readonly BusyAddress[];
  readonly line: Line | undefined;
  readonly company: Company | undefined;
}

/** Lines of one need, by the age of those in front. */
interface Front {
  readonly need: Need;
  readonly lines: AgeLine<Line>;
}

/** Whether the group has what is needed now. */
function isMet(need: Need, group: Group): boolean {
  return need.mode === 'all'
    ? need.families.every((family) => group.hasFree(family))
    : need.families.some((family) => group.hasFree(family));
}

function newLine(): AgeLine<Allocation> {
  return new AgeLine(({ view }) => view);
}

/**
 * Services with an unmet wish, found by what would meet it: whoever frees an address asks for the oldest that can use it,
 * and 10,000 others in line are not looked at. Joining and leaving cost O(log n) for each group that could serve the
 * Service; finding the oldest costs O(1) for a freed address, and for one to be joined what a {@link PortIndex} costs.
 */
export class WaitingServices {
  readonly #all = new Bag<Allocation>();
  readonly #byNamespace = new Map<string, Set<Allocation>>();
  readonly #lines = new Map<string, Line>();
  /** By group, then by need. */
  readonly #fronts = new Map<string, Map<string, Front>>();
  readonly #byAddress = new Map<string, AgeLine<Allocation>>();
  /** Who has not got an address that it asks for, whatever it waits for. */
  readonly #asking = new Map<string, Bag<Allocation>>();
  readonly #companies = new Companies();

  get size(): number {
    return this.#all.size;
  }

  /** Puts a Service into line; {@link Allocation.standing} then says where. */
  add(service: Allocation, wait: Wait): void {
    this.#all.add(service);
    addTo(this.#byNamespace, service.view.namespace, service);
    for (const { family, value } of wait.addresses) {
      const key = addressKey(family, value);
      const line = this.#byAddress.get(key) ?? newLine();
      this.#byAddress.set(key, line);
      line.add(service);
    }
    for (const [family, value] of service.requested) {
      if (service.holds.get(family)?.value !== value) {
        const key = addressKey(family, value);
        const asking = this.#asking.get(key) ?? new Bag<Allocation>();
        this.#asking.set(key, asking);
        asking.add(service);
      }
    }
    service.standing = {
      addresses: wait.addresses,
      line: wait.needs.length === 0 ? undefined : this.#joinLine(service, wait.needs),
      company: this.#companies.join(service, wait),
    };
  }

  /** Takes a Service out of every line; to be called before it asks for something else. */
  remove(service: Allocation): void {
    const { standing } = service;
    if (standing === undefined) {
      return;
    }
    service.standing = undefined;
    this.#all.delete(service);
    removeFrom(this.#byNamespace, service.view.namespace, service);
    for (const { family, value } of standing.addresses) {
      const key = addressKey(family, value);
      const line = this.#byAddress.get(key);
      line?.remove(service);
      if (line?.size === 0) {
        this.#byAddress.delete(key);
      }
    }
    for (const [family, value] of service.requested) {
      const key = addressKey(family, value);
      const asking = this.#asking.get(key);
      if (asking?.delete(service) === true && asking.size === 0) {
        this.#asking.delete(key);
      }
    }
    if (standing.line !== undefined) {
      this.#leaveLine(service, standing.line);
    }
    if (standing.company !== undefined) {
      this.#companies.leave(service, standing.company);
    }
  }

  /** Everybody, in no order. */
  everybody(): Iterable<Allocation> {
    return this.#all;
  }

  ofNamespace(namespace: string): Iterable<Allocation> {
    return this.#byNamespace.get(namespace) ?? [];
  }

  /** The oldest who could use what the group has free now, of those who stand in front and were not tried in vain. */
  oldestWhoCanUse(group: Group, inVain: ReadonlySet<Allocation>): Allocation | undefined {
    let oldest: Allocation | undefined;
    for (const { need, lines } of this.#fronts.get(group.name)?.values() ?? []) {
      const front = lines.first?.members.first;
      if (front !== undefined && !inVain.has(front) && isMet(need, group)) {
        oldest = olderOf(oldest, front);
      }
    }
    return oldest;
  }

  /** Whether somebody asks for an address and has not got it. */
  get isAnybodyAsking(): boolean {
    return this.#asking.size > 0;
  }

  /** Some of those who ask for the address and have not got it. */
  someAsking(family: IPFamily, value: bigint, atMost: number): Allocation[] {
    return this.#asking.get(addressKey(family, value))?.some(atMost) ?? [];
  }

  /** Who could have this very address if it were free. */
  whoWants(family: IPFamily, value: bigint): AgeLine<Allocation> | undefined {
    return this.#byAddress.get(addressKey(family, value));
  }

  /** Who could join the holders of an address: because it is this one, or any at its place. */
  whoCanJoin(holding: Holding<Allocation>): readonly Company[] {
    return this.#companies.whoCanJoin(holding);
  }

  #joinLine(service: Allocation, needs: readonly Need[]): Line {
    const line = this.#lineFor(needs);
    this.#changeLine(line, () => line.members.add(service));
    return line;
  }

  #leaveLine(service: Allocation, line: Line): void {
    this.#changeLine(line, () => line.members.remove(service));
    if (line.members.size === 0) {
      this.#lines.delete(line.key);
    }
  }

  #lineFor(needs: readonly Need[]): Line {
    const key = needs.map((need) => `${need.group} ${needKey(need)}`).join(', ');
    const known = this.#lines.get(key);
    if (known !== undefined) {
      return known;
    }
    const line: Line = { key, needs, members: newLine() };
    this.#lines.set(key, line);
    return line;
  }

  /** Where another comes to stand in front, the line gets another place among the lines. */
  #changeLine(line: Line, change: () => void): void {
    const before = line.members.first;
    change();
    if (line.members.first === before) {
      return;
    }
    for (const need of line.needs) {
      const front = this.#frontOf(need);
      front.lines.remove(line);
      if (line.members.size > 0) {
        front.lines.add(line);
      }
      this.#dropIfEmpty(front);
    }
  }

  #frontOf(need: Need): Front {
    const fronts = this.#fronts.get(need.group) ?? new Map<string, Front>();
    this.#fronts.set(need.group, fronts);
    const key = needKey(need);
    const front = fronts.get(key) ?? { need, lines: new AgeLine<Line>(ageOfLine) };
    fronts.set(key, front);
    return front;
  }

  #dropIfEmpty({ need, lines }: Front): void {
    const fronts = this.#fronts.get(need.group);
    if (lines.size === 0 && fronts !== undefined) {
      fronts.delete(needKey(need));
      if (fronts.size === 0) {
        this.#fronts.delete(need.group);
      }
    }
  }
}

const NOBODY = { createdAt: Number.POSITIVE_INFINITY, uid: '' };

function ageOfLine({ members }: Line): { readonly createdAt: number; readonly uid: string } {
  return members.first?.view ?? NOBODY;
}

function needKey({ mode, families }: Need): string {
  return `${mode} ${families.join('+')}`;
}
