import type { IPFamily, Pool } from '@fairlead/api';
import type { GroupView, Labels } from './group.ts';
import type { ServiceView } from './service.ts';

/**
 * The rules of allocation once more, by brute force and without a line of the engine: addresses are text in lists, every
 * question looks at everything. What the engine answers fast is compared with what is found here.
 */

/** A pool as its user writes it, and by hand what it has. */
export interface ReferencePool {
  readonly spec: Partial<Pool> & { readonly range: string };
  /** What may be handed out. */
  readonly usable: readonly string[];
  /** What it has besides and keeps to itself. */
  readonly kept: readonly string[];
}

/** A pool that is in use. */
interface Accepted extends ReferencePool {
  readonly group: string;
}

/** What a Service has, as its verdict says. */
export interface Held {
  readonly addresses: readonly string[];
  readonly group: string | undefined;
  readonly refused: boolean;
}

/** The cluster at one moment, with what everybody has. */
export interface ReferenceState {
  readonly services: ReadonlyMap<string, ServiceView>;
  readonly groups: ReadonlyMap<string, GroupView>;
  readonly namespaces: ReadonlyMap<string, Labels>;
  readonly held: ReadonlyMap<string, Held>;
}

/** What the addresses that a history asks for mean; whatever else stands there is none. */
export type Requests = Readonly<Record<string, readonly string[]>>;

export function familyOf(address: string): IPFamily {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

function countOf(addresses: readonly string[], family: IPFamily): number {
  return addresses.filter((address) => familyOf(address) === family).length;
}

/** What tells one pool of the tests from another. */
function textOf({ range, subnet, exclude = [], avoidBuggyIPs = false }: ReferencePool['spec']): string {
  return JSON.stringify([range, subnet, exclude, avoidBuggyIPs]);
}

function isOlder(a: { createdAt: number; uid: string }, b: { createdAt: number; uid: string }): boolean {
  return a.createdAt === b.createdAt ? a.uid < b.uid : a.createdAt < b.createdAt;
}

/** Whether two Services may have one address. */
export function mayShare(a: ServiceView, b: ServiceView): boolean {
  return (
    (a.sharingKey ?? '') !== '' &&
    a.sharingKey === b.sharingKey &&
    a.externalTrafficPolicy === b.externalTrafficPolicy &&
    (a.externalTrafficPolicy === 'Cluster' || a.selector === b.selector) &&
    a.ports.every((port) => !b.ports.includes(port))
  );
}

/** The rules over pools with these contents, requests with these meanings. */
export class Reference {
  readonly #pools: readonly ReferencePool[];
  readonly #requests: Requests;

  constructor(pools: readonly ReferencePool[], requests: Requests) {
    this.#pools = pools;
    this.#requests = requests;
  }

  /** Everything that is wrong with the state, in words; empty when it is as it should be. */
  faults(state: ReferenceState): string[] {
    const faults: string[] = [];
    for (const [address, holders] of this.#holders(state)) {
      for (const a of holders) {
        for (const b of holders) {
          if (a.key < b.key && !mayShare(a, b)) {
            faults.push(`${address} is given to ${a.key} and ${b.key}, which cannot share it`);
          }
        }
      }
    }
    for (const view of state.services.values()) {
      faults.push(...this.#formFaults(view, state));
      const could = this.couldGet(view, state);
      if (could !== undefined) {
        faults.push(`${view.key} waits beside ${could}`);
      }
    }
    return faults;
  }

  /** How many addresses of the group are in use, and how many could be handed out, of both families. */
  counts(name: string, state: ReferenceState): Record<'allocated' | 'available', Record<IPFamily, number>> {
    const taken = new Set(this.#holders(state).keys());
    const pools = this.#accepted(state).filter(({ group }) => group === name);
    const allocated = pools.flatMap(({ usable, kept }) => usable.concat(kept)).filter((a) => taken.has(a));
    const draining = state.groups.get(name)?.spec.draining === true;
    const available = draining ? [] : pools.flatMap(({ usable }) => usable).filter((a) => !taken.has(a));
    return {
      allocated: { IPv4: countOf(allocated, 'IPv4'), IPv6: countOf(allocated, 'IPv6') },
      available: { IPv4: countOf(available, 'IPv4'), IPv6: countOf(available, 'IPv6') },
    };
  }

  /** Whether another that is older has the address and cannot share it with the Service. */
  lostToOlder(view: ServiceView, address: string, state: ReferenceState): boolean {
    return (this.#holders(state).get(address) ?? []).some(
      (other) => other.key !== view.key && isOlder(other, view) && !mayShare(other, view),
    );
  }

  /** Whether what the Service has contradicts what it asks for, so that it is to get something else. */
  wantsElse(view: ServiceView, held: Held): boolean {
    const requested = this.#requested(view);
    return (
      requested === undefined ||
      requested.some((address) => !held.addresses.includes(address)) ||
      (view.group !== undefined && view.group !== held.group) ||
      this.#moves(view, held)
    );
  }

  /** Something that the Service lacks and could have now, in words. */
  couldGet(view: ServiceView, state: ReferenceState): string | undefined {
    const held = state.held.get(view.key);
    const requested = this.#requested(view);
    if (view.role === 'leaving' || held === undefined || requested === undefined || view.families.length === 0) {
      return undefined;
    }
    if (held.addresses.length === view.families.length && !this.wantsElse(view, held)) {
      return undefined;
    }
    const groups = this.#groupsFor(view, held, requested, state);
    for (const group of groups) {
      const given = view.families.filter((family) => this.#canGive(group, family, { view, held, requested, state }));
      const full = given.length === view.families.length;
      if (full || (view.policy === 'PreferDualStack' && this.#isWorthwhile(view, held, given, groups, state))) {
        return `${given.join(' and ')} of ${group.name}`;
      }
    }
    return undefined;
  }

  #isWorthwhile(
    view: ServiceView,
    held: Held,
    given: readonly IPFamily[],
    groups: readonly GroupView[],
    state: ReferenceState,
  ): boolean {
    const requested = this.#requested(view) ?? [];
    if (given.length === 0 || !requested.every((address) => given.includes(familyOf(address)))) {
      return false;
    }
    if (held.addresses.length === 0) {
      return true;
    }
    // Who has something and moves must get all that his groups offer.
    const rest = view.families.filter((family) => !given.includes(family));
    return this.wantsElse(view, held) && !rest.some((family) => groups.some((g) => this.#offers(g, family, state)));
  }

  #formFaults(view: ServiceView, state: ReferenceState): string[] {
    const held = state.held.get(view.key);
    const faults: string[] = [];
    if (held === undefined) {
      return faults;
    }
    const order = view.families.filter((family) => held.addresses.some((address) => familyOf(address) === family));
    if (held.addresses.map(familyOf).join() !== order.join()) {
      faults.push(`${view.key} has ${held.addresses.join()}, and its families are ${view.families.join()}`);
    }
    const enough = view.policy === 'PreferDualStack' ? 1 : view.families.length;
    const isMet = view.families.length > 0 && held.addresses.length >= enough && !this.wantsElse(view, held);
    if (isMet === held.refused) {
      faults.push(
        `${view.key} ${held.refused ? 'is refused and has what it needs' : 'lacks something and no refusal says so'}`,
      );
    }
    return faults;
  }

  /** The addresses asked for; undefined where the text makes no sense for this Service. */
  #requested(view: ServiceView): readonly string[] | undefined {
    const text = (view.addresses ?? '') === '' ? (view.loadBalancerIP ?? '') : (view.addresses ?? '');
    const requested = text === '' ? [] : this.#requests[text];
    return requested?.every((address) => view.families.includes(familyOf(address))) === true ? requested : undefined;
  }

  /** Asked to be moved, and there is something that it did not ask for by number. */
  #moves(view: ServiceView, held: Held): boolean {
    const requested = this.#requested(view) ?? [];
    return view.reallocate && held.addresses.some((address) => !requested.includes(address));
  }

  #holders(state: ReferenceState): Map<string, ServiceView[]> {
    const holders = new Map<string, ServiceView[]>();
    for (const [key, { addresses }] of state.held) {
      const view = state.services.get(key);
      for (const address of view === undefined ? [] : addresses) {
        holders.set(address, [...(holders.get(address) ?? []), ...(view === undefined ? [] : [view])]);
      }
    }
    return holders;
  }

  /** Pools in use: the oldest group first, and none that has an address of one before it. */
  #accepted(state: ReferenceState): Accepted[] {
    const accepted: Accepted[] = [];
    const taken = new Set<string>();
    const groups = [...state.groups.values()].sort((a, b) =>
      a.createdAt === b.createdAt ? (a.name < b.name ? -1 : 1) : a.createdAt - b.createdAt,
    );
    for (const group of groups) {
      for (const spec of group.spec.pools ?? []) {
        const pool = this.#pools.find((one) => textOf(one.spec) === textOf(spec));
        const all = [...(pool?.usable ?? []), ...(pool?.kept ?? [])];
        if (pool !== undefined && !all.some((address) => taken.has(address))) {
          accepted.push({ ...pool, group: group.name });
          all.forEach((address) => taken.add(address));
        }
      }
    }
    return accepted;
  }

  #usable(group: GroupView, family: IPFamily, state: ReferenceState): readonly string[] {
    return this.#accepted(state)
      .filter((pool) => pool.group === group.name)
      .flatMap(({ usable }) => usable)
      .filter((address) => familyOf(address) === family);
  }

  #offers(group: GroupView, family: IPFamily, state: ReferenceState): boolean {
    return this.#accepted(state).some(
      (pool) => pool.group === group.name && [...pool.usable, ...pool.kept].some((a) => familyOf(a) === family),
    );
  }

  #groupOf(address: string, state: ReferenceState): GroupView | undefined {
    const pool = this.#accepted(state).find(({ usable, kept }) => [...usable, ...kept].includes(address));
    return pool === undefined ? undefined : state.groups.get(pool.group);
  }

  /** The groups that may serve the Service now. */
  #groupsFor(view: ServiceView, held: Held, requested: readonly string[], state: ReferenceState): readonly GroupView[] {
    const labels = state.namespaces.get(view.namespace);
    const gives = ({ spec }: GroupView): boolean => {
      const { namespaceSelector, serviceSelector } = spec.assign;
      const matches = (selector: typeof serviceSelector, of: Labels | undefined): boolean =>
        selector === undefined ||
        (of !== undefined && Object.entries(selector.matchLabels ?? {}).every(([key, value]) => of[key] === value));
      return !spec.draining && matches(namespaceSelector, labels) && matches(serviceSelector, view.labels);
    };
    const moves = this.#moves(view, held);
    const missing = requested.filter((address) => !held.addresses.includes(address));
    if (
      missing.length > 0 ||
      (requested.length > 0 && (moves || (view.group !== undefined && view.group !== held.group)))
    ) {
      // An orphan that it has already and asks for binds it to no group.
      const owners = requested
        .map((address) => ({ address, group: this.#groupOf(address, state) }))
        .filter(({ address, group }) => group !== undefined || missing.includes(address));
      const [first] = owners;
      const group = first?.group;
      const fits =
        group !== undefined &&
        owners.every((owner) => owner.group === group) &&
        (view.group === undefined || view.group === group.name) &&
        missing.every((address) => this.#usable(group, familyOf(address), state).includes(address)) &&
        gives(group);
      return fits ? [group] : [];
    }
    const home = held.addresses.length > 0 && !moves ? held.group : undefined;
    const named = view.group ?? home;
    const all = [...state.groups.values()];
    if (named !== undefined) {
      return all.filter((group) => group.name === named && gives(group));
    }
    const automatic = all.filter(({ spec }) => spec.assign.auto);
    const waitsForLabels = labels === undefined && automatic.some(({ spec }) => spec.assign.namespaceSelector);
    return waitsForLabels ? [] : automatic.filter(gives);
  }

  #canGive(
    group: GroupView,
    family: IPFamily,
    of: { view: ServiceView; held: Held; requested: readonly string[]; state: ReferenceState },
  ): boolean {
    const { view, held, requested, state } = of;
    const has = held.addresses.find((address) => familyOf(address) === family);
    const asked = requested.find((address) => familyOf(address) === family);
    const holders = this.#holders(state);
    const canHave = (address: string): boolean =>
      (holders.get(address) ?? [])
        .filter((other) => other.key !== view.key)
        .every(
          (other) =>
            mayShare(view, other) && (group.spec.assign.sharing === 'Cluster' || view.namespace === other.namespace),
        );
    if (asked !== undefined) {
      return has === asked || canHave(asked);
    }
    if (has !== undefined && !this.#moves(view, held) && (held.group === group.name || held.group === undefined)) {
      return true;
    }
    return this.#usable(group, family, state).some((address) => address !== has && canHave(address));
  }
}
