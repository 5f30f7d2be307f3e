import { AddressError, parseAddress } from '@fairlead/api';
import { compareAge } from './age.ts';
import { Allocation } from './allocation.ts';
import { decide } from './decision.ts';
import type { GroupView, Labels } from './group.ts';
import type { GroupStatus } from './group-status.ts';
import { groupStatus } from './group-status.ts';
import type { Holding } from './holding.ts';
import { Ledger } from './ledger.ts';
import { parseRequest } from './request.ts';
import type { ServiceView } from './service.ts';
import { sameSharing, sameWish } from './service.ts';
import type { Verdict } from './verdict.ts';
import { sameVerdict, verdictOf } from './verdict.ts';
import { WaitingServices } from './waiting.ts';

/** Everything that allocation depends on, at one moment. */
export interface Snapshot {
  readonly groups: Iterable<GroupView>;
  readonly services: Iterable<ServiceView>;
  /** Labels by the name of the Namespace. */
  readonly namespaces: Iterable<readonly [string, Labels]>;
}

/** What happened in the cluster. An event may come twice. */
export type AllocationEvent =
  | { readonly type: 'service-upserted'; readonly service: ServiceView }
  | { readonly type: 'service-deleted'; readonly key: string }
  | { readonly type: 'group-upserted'; readonly group: GroupView }
  | { readonly type: 'group-deleted'; readonly name: string }
  | { readonly type: 'namespace-upserted'; readonly name: string; readonly labels: Labels }
  | { readonly type: 'namespace-deleted'; readonly name: string };

/** What follows from an event. */
export interface Effects {
  /** Services of which something new is to be said, and the one that the event was about. */
  readonly services: readonly { readonly key: string; readonly verdict: Verdict }[];
  /** Groups whose counts or conditions may have changed; see {@link AllocationEngine.groupStatus}. */
  readonly groups: readonly string[];
}

/** Sizes, for metrics. */
export interface EngineSizes {
  readonly services: number;
  readonly addresses: number;
  readonly waiting: number;
}

/**
 * Decides who gets which address. It has the whole state in memory and is driven by one loop: events in, effects out, no
 * clock, no chance, no I/O, so that equal histories give equal outcomes.
 *
 * The rules, in words: an address in `status` is adopted; a Service that has what it asks for is never judged again; no
 * address is taken away because a wish cannot be granted; what is freed goes to the oldest that can use it; where two
 * claim one address and cannot share it, the older keeps it.
 */
export class AllocationEngine {
  readonly #services = new Map<string, Allocation>();
  readonly #groupViews = new Map<string, GroupView>();
  readonly #waiting = new WaitingServices();
  readonly #ledger: Ledger;
  /** Services that the current event touched. */
  readonly #touched = new Set<Allocation>();

  /** Starts from what the cluster says: adopts every address in `status`, then judges who lacks something, oldest first. */
  constructor(snapshot: Snapshot) {
    for (const view of snapshot.groups) {
      this.#groupViews.set(view.name, view);
    }
    this.#ledger = new Ledger(this.#groupViews.values(), snapshot.namespaces);
    for (const view of snapshot.services) {
      this.#adopt(view);
    }
    for (const holding of this.#ledger.holdings()) {
      this.#ledger.evict(holding);
    }
    this.#judgeAll(this.#services.values());
    this.#serveWaiting();
  }

  /** What there is to say at the start: of every Service and every group. */
  start(): Effects {
    for (const service of this.#services.values()) {
      this.#touched.add(service);
      service.verdict = undefined;
    }
    return this.#collect(undefined);
  }

  /** Takes in one event. */
  apply(event: AllocationEvent): Effects {
    const subject = this.#take(event);
    this.#serveWaiting();
    return this.#collect(subject);
  }

  /** The Service as last seen; undefined when it is not ours. */
  view(key: string): ServiceView | undefined {
    return this.#services.get(key)?.view;
  }

  /** What is to stand on the Service; undefined when it is not ours, or nothing can be said yet. */
  verdict(key: string): Verdict | undefined {
    const service = this.#services.get(key);
    return service === undefined ? undefined : verdictOf(service);
  }

  /** What is to stand in the status of the group; undefined when there is no such group. */
  groupStatus(name: string): GroupStatus | undefined {
    const group = this.#ledger.catalogue.groups.get(name);
    return group === undefined ? undefined : groupStatus(group);
  }

  get groupNames(): Iterable<string> {
    return this.#ledger.catalogue.groups.keys();
  }

  get sizes(): EngineSizes {
    return { services: this.#services.size, addresses: this.#ledger.size, waiting: this.#waiting.size };
  }

  /** @returns the Service that the event is about, while it is there */
  #take(event: AllocationEvent): Allocation | undefined {
    let subject: Allocation | undefined;
    switch (event.type) {
      case 'service-upserted':
        subject = this.#upsertService(event.service);
        break;
      case 'service-deleted':
        this.#deleteService(event.key);
        break;
      case 'group-upserted':
        this.#groupViews.set(event.group.name, event.group);
        this.#groupsChanged();
        break;
      case 'group-deleted':
        this.#groupViews.delete(event.name);
        this.#groupsChanged();
        break;
      case 'namespace-upserted':
        this.#ledger.setLabels(event.name, event.labels);
        this.#judgeAll(this.#waiting.ofNamespace(event.name));
        break;
      case 'namespace-deleted':
        this.#ledger.setLabels(event.name, undefined);
        break;
    }
    return subject;
  }

  #upsertService(view: ServiceView): Allocation {
    const known = this.#services.get(view.key);
    if (known !== undefined && known.view.uid === view.uid) {
      this.#updateService(known, view);
      return known;
    }
    if (known !== undefined) {
      this.#deleteService(view.key);
    }
    const service = this.#adopt(view);
    for (const holding of service.holds.values()) {
      this.#settleClashes(holding);
    }
    this.#judge(service);
    return service;
  }

  #updateService(service: Allocation, view: ServiceView): void {
    const before = service.view;
    service.view = view;
    if (sameWish(before, view)) {
      return;
    }
    service.request = parseRequest(view);
    if (!view.reallocate) {
      service.moved = false;
    }
    if (!sameSharing(before, view)) {
      for (const holding of service.holds.values()) {
        this.#ledger.refresh(holding);
        this.#settleClashes(holding);
      }
    }
    this.#judge(service);
  }

  #deleteService(key: string): void {
    const service = this.#services.get(key);
    if (service !== undefined) {
      this.#waiting.remove(service);
      this.#ledger.releaseUnless(service, () => false);
      this.#services.delete(key);
      this.#touched.delete(service);
    }
  }

  /** Takes in a Service with the addresses that its `status` says it has. */
  #adopt(view: ServiceView): Allocation {
    const service = new Allocation(view);
    this.#services.set(view.key, service);
    service.group = view.observed.allocatedFrom;
    for (const text of view.role === 'leaving' ? [] : view.observed.addresses) {
      const address = readAddress(text);
      if (address !== undefined && view.families.includes(address.family) && !service.holds.has(address.family)) {
        this.#ledger.hold(service, address.family, address.value);
      }
    }
    service.group = homeOf(service);
    return service;
  }

  /** A group came, went or was edited: nobody moves, and who waits is judged again. */
  #groupsChanged(): void {
    this.#ledger.setGroups(this.#groupViews.values(), (holding) => {
      for (const service of holding.holders) {
        service.group = homeOf(service);
        this.#touched.add(service);
      }
    });
    this.#judgeAll(this.#waiting.everybody());
  }

  /** Whoever cannot share the address with older ones gets another, or waits. */
  #settleClashes(holding: Holding<Allocation>): void {
    for (const service of this.#ledger.evict(holding)) {
      this.#judge(service);
    }
  }

  /** Judges several, the oldest first. */
  #judgeAll(services: Iterable<Allocation>): void {
    for (const service of [...services].sort((a, b) => compareAge(a.view, b.view))) {
      this.#judge(service);
    }
  }

  /** Brings what a Service has in line with what it asks for, as far as that can be done now. */
  #judge(service: Allocation): void {
    this.#touched.add(service);
    this.#waiting.remove(service);
    service.pending = false;
    service.refusal = undefined;
    const { view } = service;
    if (view.role === 'leaving') {
      this.#ledger.releaseUnless(service, () => false);
      return;
    }
    this.#ledger.releaseUnless(service, ({ family }) => view.families.includes(family));
    service.group = homeOf(service);
    service.moved ||= service.isPinned;
    let decision = decide(service, this.#ledger);
    if (decision.kind === 'grant') {
      this.#ledger.grant(service, decision.group, decision.addresses);
      // Once more, for what it still hopes for.
      decision = decide(service, this.#ledger);
    }
    switch (decision.kind) {
      case 'satisfied':
      case 'grant':
        break;
      case 'wait':
        service.refusal = decision.refusal;
        this.#waiting.add(service, decision.wait);
        break;
      case 'pending':
        service.pending = true;
        this.#waiting.add(service, { needs: [], addresses: [], signature: undefined });
        break;
    }
  }

  /** Gives what has become free or joinable to those who wait for it, the oldest first. */
  #serveWaiting(): void {
    const { freedGroups, changedHoldings } = this.#ledger;
    if (this.#waiting.size === 0) {
      freedGroups.clear();
      changedHoldings.clear();
      return;
    }
    // Each is judged once for an event, so that no order of things can go round in circles.
    const tried = new Set<Allocation>();
    while (freedGroups.size + changedHoldings.size > 0) {
      const next = this.#oldestServable(tried);
      if (next !== undefined) {
        tried.add(next);
        this.#judge(next);
      }
    }
  }

  /** The oldest who can use something that became free; what nobody can use is forgotten. */
  #oldestServable(tried: ReadonlySet<Allocation>): Allocation | undefined {
    let oldest: Allocation | undefined;
    const isWanted = (services: Iterable<Allocation>): boolean => {
      let wanted = false;
      for (const service of services) {
        if (!tried.has(service)) {
          wanted = true;
          oldest = oldest === undefined || compareAge(service.view, oldest.view) < 0 ? service : oldest;
        }
      }
      return wanted;
    };
    for (const name of this.#ledger.freedGroups) {
      const group = this.#ledger.catalogue.groups.get(name);
      if (group === undefined || !isWanted(this.#waiting.whoCanUse(group))) {
        this.#ledger.freedGroups.delete(name);
      }
    }
    for (const holding of this.#ledger.changedHoldings) {
      if (!isWanted(this.#whoCanHold(holding))) {
        this.#ledger.changedHoldings.delete(holding);
      }
    }
    return oldest;
  }

  /** Who waits for the address, or for anybody to share with, and could have it now. */
  *#whoCanHold({ family, value }: Holding<Allocation>): Iterable<Allocation> {
    const holding = this.#ledger.holdingOf(family, value);
    if (holding === undefined) {
      yield* this.#waiting.whoWants(family, value);
      return;
    }
    const rules = this.#ledger.catalogue.groupOf(holding.pool) ?? { namespaceOnly: false };
    for (const waiting of [this.#waiting.whoWants(family, value), this.#waiting.whoCouldShare(holding.signature)]) {
      for (const service of waiting) {
        if (holding.clashWith(service.view, rules) === undefined) {
          yield service;
        }
      }
    }
  }

  /** @param subject a Service to speak of in any case, as its status may have been edited */
  #collect(subject: Allocation | undefined): Effects {
    const services: { key: string; verdict: Verdict }[] = [];
    if (subject !== undefined) {
      this.#touched.add(subject);
    }
    for (const service of this.#touched) {
      const verdict = verdictOf(service);
      const changed = !sameVerdict(verdict, service.verdict);
      service.verdict = verdict;
      if (verdict !== undefined && (changed || service === subject)) {
        services.push({ key: service.view.key, verdict });
      }
    }
    this.#touched.clear();
    return { services, groups: this.#ledger.takeCountedGroups() };
  }
}

/**
 * The group that a Service's addresses count as drawn from. It follows the pool that has the address, as the group may
 * have been renamed; but where the Service names the group that it was drawn from, its wish is fulfilled and stays so.
 */
function homeOf({ view, group, holds }: Allocation): string | undefined {
  if (view.group !== undefined && view.group === group) {
    return group;
  }
  for (const family of view.families) {
    const owner = holds.get(family)?.pool?.group;
    if (owner !== undefined) {
      return owner;
    }
  }
  return group;
}

function readAddress(text: string): ReturnType<typeof parseAddress> | undefined {
  try {
    return parseAddress(text);
  } catch (error) {
    if (error instanceof AddressError) {
      return undefined;
    }
    throw error;
  }
}
