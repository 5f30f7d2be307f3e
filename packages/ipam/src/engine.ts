import { AddressError, parseAddress } from '@fairlead/api';
import { compareAge } from './age.ts';
import { Allocation } from './allocation.ts';
import { decide } from './decision.ts';
import type { GroupView, Labels } from './group.ts';
import type { GroupStatus } from './group-status.ts';
import { groupStatus } from './group-status.ts';
import { Ledger } from './ledger.ts';
import type { ServiceView } from './service.ts';
import { sameWish } from './service.ts';
import { Turn } from './turn.ts';
import type { Verdict } from './verdict.ts';
import { sameVerdict, verdictOf } from './verdict.ts';
import { NOTHING_TO_COME, WaitingServices } from './waiting.ts';

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

/**
 * Of those who ask for one address, how many are told at once when somebody else comes to have it. The others hear of it
 * when they are judged again: with thousands in line, each change would cost as many writes.
 */
const TOLD_AT_MOST = 100;

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
  readonly #turn: Turn;
  /** Services that the current event touched. */
  readonly #touched = new Set<Allocation>();

  /** Starts from what the cluster says: adopts every address in `status`, then judges who lacks something, oldest first. */
  constructor(snapshot: Snapshot) {
    for (const view of snapshot.groups) {
      this.#groupViews.set(view.name, view);
    }
    this.#ledger = new Ledger(this.#groupViews.values(), snapshot.namespaces);
    this.#turn = new Turn(this.#ledger, this.#waiting);
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

  /** Takes the very version that it has, as another object: where a cache keeps that one, it is not in memory twice. */
  keep(view: ServiceView): void {
    this.#services.get(view.key)?.refresh(view);
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
        this.#judgeAll(this.#waiting.ofNamespace(event.name));
        break;
    }
    return subject;
  }

  #upsertService(view: ServiceView): Allocation {
    const known = this.#services.get(view.key);
    // What a foreign Service has changes as its own allocator likes: it is taken in anew.
    if (known !== undefined && known.view.uid === view.uid && view.role !== 'foreign') {
      this.#updateService(known, view);
      return known;
    }
    if (known !== undefined) {
      this.#deleteService(view.key);
    }
    const service = this.#adopt(view);
    this.#judgeAndSettle(service);
    return service;
  }

  #updateService(service: Allocation, view: ServiceView): void {
    if (sameWish(service.view, view)) {
      service.refresh(view);
      return;
    }
    this.#waiting.remove(service);
    this.#ledger.reword(service, view);
    if (!view.reallocate) {
      service.moved = false;
    }
    this.#judgeAndSettle(service);
  }

  /**
   * Judges a Service that came or asks for something else. What it then still has, it may not be able to share any more:
   * the oldest keeps it, and the others get something else or wait.
   */
  #judgeAndSettle(service: Allocation): void {
    this.#judge(service);
    const contested = service.holds.values().filter((holding) => holding.isContested);
    if (contested.length > 0) {
      this.#judgeAll(new Set(contested.flatMap((holding) => this.#ledger.evict(holding))));
    }
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

  /** Judges several, the oldest first. */
  #judgeAll(services: Iterable<Allocation>): void {
    for (const service of [...services].sort((a, b) => compareAge(a.view, b.view))) {
      this.#judge(service);
    }
  }

  /**
   * Brings what a Service has in line with what it asks for, as far as that can be done now.
   * @returns whether it was given something
   */
  #judge(service: Allocation): boolean {
    this.#touched.add(service);
    this.#waiting.remove(service);
    service.pending = false;
    service.refusal = undefined;
    const { view } = service;
    switch (view.role) {
      case 'leaving':
        this.#ledger.releaseUnless(service, () => false);
        return false;
      case 'foreign':
        return false;
      case 'ours':
        break;
    }
    this.#ledger.releaseUnless(service, ({ family }) => view.families.includes(family));
    service.group = homeOf(service);
    service.moved ||= service.isPinned;
    let decision = decide(service, this.#ledger);
    const isGiven = decision.kind === 'grant';
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
        service.refusal = decision.refusal;
        this.#waiting.add(service, NOTHING_TO_COME);
        break;
    }
    return isGiven;
  }

  /** Gives what has become free or joinable to those who wait for it, the oldest first. */
  #serveWaiting(): void {
    this.#turn.begin();
    for (let service = this.#turn.next(); service !== undefined; service = this.#turn.next()) {
      this.#turn.judged(service, this.#judge(service));
    }
    this.#tellWhoHasIt();
  }

  /** A refusal names who has the address that the Service asks for: somebody else may have it now. */
  #tellWhoHasIt(): void {
    const { changedHoldings } = this.#ledger;
    if (this.#waiting.isAnybodyAsking) {
      for (const { family, value } of changedHoldings) {
        for (const service of this.#waiting.someAsking(family, value, TOLD_AT_MOST)) {
          this.#judge(service);
        }
      }
    }
    changedHoldings.clear();
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
 * Orphans of which nobody knows where they were drawn from count as drawn from the group that is named, so that they stay.
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
  return group ?? (holds.size > 0 ? view.group : undefined);
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
