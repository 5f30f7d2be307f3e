import type { IPFamily } from '@fairlead/api';
import type { Allocation, World } from './allocation.ts';
import { Catalogue } from './catalogue.ts';
import type { Group, GroupView, Labels } from './group.ts';
import type { Holding } from './holding.ts';
import { Holdings } from './holdings.ts';
import type { Place } from './place.ts';
import type { ServiceView } from './service.ts';

/**
 * Who has which address, and what of each group is free. It obeys and does not judge. What became free or joinable is
 * noted for those who wait, and which groups' counts changed.
 */
export class Ledger implements World {
  readonly #holdings = new Holdings((holding) => this.#placeOf(holding));
  readonly #namespaces: Map<string, Labels>;
  #catalogue: Catalogue;
  /** Groups of which an address became free. */
  readonly freedGroups = new Set<string>();
  /** Addresses that became free, or that somebody may be able to join who could not before. */
  readonly openedHoldings = new Set<Holding<Allocation>>();
  /** Addresses whose holders, or what they share by, changed. */
  readonly changedHoldings = new Set<Holding<Allocation>>();
  readonly #countedGroups = new Set<string>();

  constructor(groups: Iterable<GroupView>, namespaces: Iterable<readonly [string, Labels]>) {
    this.#namespaces = new Map(namespaces);
    this.#catalogue = Catalogue.of(groups, (family, value) => this.#holdings.has(family, value));
    this.#countAllGroups();
  }

  get catalogue(): Catalogue {
    return this.#catalogue;
  }

  /** How many distinct addresses are in use. */
  get size(): number {
    return this.#holdings.size;
  }

  holdingOf(family: IPFamily, value: bigint): Holding<Allocation> | undefined {
    return this.#holdings.get(family, value);
  }

  holdings(): Iterable<Holding<Allocation>> {
    return this.#holdings.all();
  }

  joinable(service: Allocation, place: Place): Holding<Allocation> | undefined {
    return this.#holdings.joinable(service, place);
  }

  labelsOf(namespace: string): Labels | undefined {
    return this.#namespaces.get(namespace);
  }

  setLabels(namespace: string, labels: Labels | undefined): void {
    if (labels === undefined) {
      this.#namespaces.delete(namespace);
    } else {
      this.#namespaces.set(namespace, labels);
    }
  }

  /**
   * A group came, went or was edited. Every address stays with whom it is; its pool may be another one, or none.
   * @param onOtherGroup told of each address that another group, or none, has now
   */
  setGroups(groups: Iterable<GroupView>, onOtherGroup: (holding: Holding<Allocation>) => void): void {
    this.#catalogue = Catalogue.of(groups, (family, value) => this.#holdings.has(family, value), this.#catalogue);
    for (const holding of this.#holdings.all()) {
      const before = holding.pool;
      holding.pool = this.#catalogue.poolOf(holding.family, holding.value);
      this.#count(holding, 1n);
      this.#holdings.relist(holding);
      if (before?.group !== holding.pool?.group) {
        onOtherGroup(holding);
      }
    }
    this.#countAllGroups();
  }

  /** Gives an address to a Service. */
  hold(service: Allocation, family: IPFamily, value: bigint): void {
    const pool = this.#holdings.get(family, value)?.pool ?? this.#catalogue.poolOf(family, value);
    const { holding, created } = this.#holdings.add(service, family, value, pool);
    this.changedHoldings.add(holding);
    if (created) {
      this.#count(holding, 1n);
      if (holding.listing !== undefined) {
        this.openedHoldings.add(holding);
      }
    }
  }

  /** Takes an address from a Service. */
  release(service: Allocation, holding: Holding<Allocation>): void {
    if (this.#holdings.remove(service, holding)) {
      this.#count(holding, -1n);
      if (holding.pool !== undefined) {
        this.freedGroups.add(holding.pool.group);
      }
    }
    this.#opened(holding);
  }

  /** Takes from a Service what does not pass. */
  releaseUnless(service: Allocation, passes: (holding: Holding<Allocation>) => boolean): void {
    for (const holding of service.holds.values()) {
      if (!passes(holding)) {
        this.release(service, holding);
      }
    }
  }

  /** Gives a Service these addresses of the group and takes all others from it. */
  grant(service: Allocation, group: Group, addresses: ReadonlyMap<IPFamily, bigint>): void {
    this.releaseUnless(service, ({ family, value }) => addresses.get(family) === value);
    for (const [family, value] of addresses) {
      if (!service.holds.has(family)) {
        this.hold(service, family, value);
      }
    }
    service.group = group.name;
    service.moved = service.view.reallocate;
  }

  /** The Service asks for something else, and may share by something else; it keeps what it has until it is judged. */
  reword(service: Allocation, view: ServiceView): void {
    const held = service.holds.values();
    for (const holding of held) {
      this.#holdings.detach(service, holding);
    }
    service.reword(view);
    for (const holding of held) {
      this.#holdings.attach(service, holding);
      this.#opened(holding);
    }
  }

  /**
   * Takes the address from those who cannot share it with older ones.
   * @returns who lost it, oldest first
   */
  evict(holding: Holding<Allocation>): readonly Allocation[] {
    if (!holding.isContested) {
      return [];
    }
    const leaving = holding.whoMustLeave();
    for (const service of leaving) {
      this.release(service, holding);
    }
    holding.settle();
    this.#holdings.relist(holding);
    this.#opened(holding);
    return leaving;
  }

  /** Names of the groups whose counts or conditions may have changed since the last call. */
  takeCountedGroups(): readonly string[] {
    const groups = [...this.#countedGroups];
    this.#countedGroups.clear();
    return groups;
  }

  #opened(holding: Holding<Allocation>): void {
    this.openedHoldings.add(holding);
    this.changedHoldings.add(holding);
  }

  /** Where others could join the address. */
  #placeOf(holding: Holding<Allocation>): Place | undefined {
    const { family, value, pool, namespace } = holding;
    const group = this.#catalogue.groupOf(pool);
    if (group?.free.get(family)?.isUsable(value) !== true || (group.namespaceOnly && namespace === undefined)) {
      return undefined;
    }
    return group.placeOf(family, namespace ?? '');
  }

  #countAllGroups(): void {
    for (const name of this.#catalogue.groups.keys()) {
      this.#countedGroups.add(name);
    }
  }

  /** Counts an address that came into use (1) or went out of it (-1). */
  #count(holding: Holding<Allocation>, change: 1n | -1n): void {
    const group = this.#catalogue.groupOf(holding.pool);
    if (group === undefined) {
      return;
    }
    const free = group.free.get(holding.family);
    group.allocated[holding.family] += change;
    if (change === 1n) {
      free?.claim(holding.value);
    } else {
      free?.release(holding.value);
    }
    this.#countedGroups.add(group.name);
  }
}
