import { isDeepStrictEqual } from 'node:util';
import { addressBits, formatAddress, hostPrefix, prefixContains } from '@fairlead/api';
import type { Address, Prefix } from '@fairlead/api';
import type { HolderPolicy } from '../election/types.ts';
import { addressKey, prefixKey } from './keys.ts';
import type { AddressKey, PrefixKey } from './keys.ts';
import { place, viewGroup } from './place.ts';
import type { GroupView } from './place.ts';
import { Surroundings } from './surroundings.ts';
import type { NoPlacement, Placement, PlanConfig, RefusedAggregate, ServiceFacts, StrayRoute } from './types.ts';

/** One local address that this node could hold. */
export interface LocalCandidate {
  readonly address: Address;
  readonly interfaceIndex: number;
  /** The Services behind it, sorted. */
  readonly services: readonly string[];
  /** Every node that may hold it, with its weight. */
  readonly preferences: ReadonlyMap<string, number>;
  /** False where every Service behind it wants a ready endpoint and this node has none. */
  readonly eligible: boolean;
  /** Only other nodes may have it: what is here is handed over. */
  readonly barred: boolean;
  readonly policy: HolderPolicy;
}

/** What is wanted of one address on the dummy interface. `hold`: leave it as it is. */
export type Wanted = 'yes' | 'no' | 'hold';

/** The keys that a change touched; everything else is as it was. */
export interface PlanChanges {
  readonly addresses: ReadonlySet<AddressKey>;
  readonly routes: ReadonlySet<PrefixKey>;
  readonly candidates: ReadonlySet<AddressKey>;
}

/** Where ready endpoints of a Service run; undefined while that is not known. */
export type ReadyNodes = (service: string) => ReadonlySet<string> | undefined;

/** What is known of one address, from all Services that share it. */
interface AddressEntry {
  readonly address: Address;
  placements: readonly Placed[];
  virtual: Wanted;
  routes: readonly Prefix[];
  candidate: LocalCandidate | undefined;
}

/** Where one of the Services that share an address puts it. Mostly there is one: a Map for each would cost 150 bytes more. */
interface Placed {
  readonly service: string;
  readonly placement: Placement;
}

interface RouteEntry {
  readonly prefix: Prefix;
  /** Addresses that it stands for. */
  users: number;
}

interface Snapshot {
  readonly config: PlanConfig;
  readonly surroundings: Surroundings;
  readonly views: Map<string, GroupView>;
}

/**
 * The wanted state of this node, kept up to date Service by Service: a change costs what its own addresses cost, however
 * many Services there are. Pure but for its own maps: same calls, same state, no clock and no I/O. A change of the
 * configuration places every Service anew.
 */
export class Planner {
  readonly #services = new Map<string, ServiceFacts>();
  readonly #readyNodes: ReadyNodes;
  readonly #addresses = new Map<AddressKey, AddressEntry>();
  readonly #routes = new Map<PrefixKey, RouteEntry>();
  #snapshot: Snapshot;
  readonly #strays = new Map<PrefixKey, StrayRoute>();
  #strayVersion = 0;
  #virtualCount = 0;
  #holdCount = 0;
  #touched = emptyChanges();

  /**
   * @param options.readyNodes the nodes where a ready endpoint of the Service runs; undefined while unknown
   */
  constructor(options: { readonly config: PlanConfig; readonly readyNodes: ReadyNodes }) {
    this.#readyNodes = options.readyNodes;
    this.#snapshot = snapshotOf(options.config);
  }

  /** The Services known, by key. */
  get services(): ReadonlyMap<string, ServiceFacts> {
    return this.#services;
  }

  /** How many virtual addresses this node is to announce. */
  get virtualCount(): number {
    return this.#virtualCount;
  }

  /** What is wanted of an address on the dummy interface. */
  virtual(key: AddressKey): Wanted {
    return this.#addresses.get(key)?.virtual ?? 'no';
  }

  /** The address behind a key, while a Service has it. */
  address(key: AddressKey): Address | undefined {
    return this.#addresses.get(key)?.address;
  }

  /** The network behind the key of a wanted route. */
  route(key: PrefixKey): Prefix | undefined {
    return this.#routes.get(key)?.prefix;
  }

  /** The Services that have an address. */
  servicesOf(key: AddressKey): readonly string[] {
    return (this.#addresses.get(key)?.placements ?? []).map(({ service }) => service);
  }

  /** The local address that this node could hold. */
  candidate(key: AddressKey): LocalCandidate | undefined {
    return this.#addresses.get(key)?.candidate;
  }

  /** All local addresses that this node could hold. */
  *candidates(): IterableIterator<LocalCandidate> {
    for (const { candidate } of this.#addresses.values()) {
      if (candidate !== undefined) {
        yield candidate;
      }
    }
  }

  /** All addresses wanted on the dummy interface. */
  *virtualAddresses(): IterableIterator<[AddressKey, Address]> {
    for (const [key, entry] of this.#addresses) {
      if (entry.virtual === 'yes') {
        yield [key, entry.address];
      }
    }
  }

  /** All routes wanted. */
  *routes(): IterableIterator<[PrefixKey, Prefix]> {
    for (const [key, entry] of this.#routes) {
      yield [key, entry.prefix];
    }
  }

  /** Routes of addresses that no pool has. */
  strayRoutes(): StrayRoute[] {
    return [...this.#strays.values()];
  }

  /** Another number when {@link strayRoutes} are others. */
  get strayVersion(): number {
    return this.#strayVersion;
  }

  /** How many addresses are to be left as they are. */
  get holdCount(): number {
    return this.#holdCount;
  }

  /** Whether a route that nobody wants may be that of an address which is to be left as it is. */
  holds(prefix: Prefix): boolean {
    if (this.#holdCount === 0 || this.endangers(prefix)) {
      return false;
    }
    return isHost(prefix)
      ? this.virtual(addressKey(prefix.address)) === 'hold'
      : this.#addresses.values().some(({ address, virtual }) => virtual === 'hold' && prefixContains(prefix, address));
  }

  /** Whether an aggregate covers what must stay reachable from this node. */
  endangers(prefix: Prefix): boolean {
    return !isHost(prefix) && this.#snapshot.surroundings.overlap(prefix) !== undefined;
  }

  /** Aggregates refused on this node, each once, with the group that asked for it. */
  refusedAggregates(): RefusedAggregate[] {
    const refused = new Map<PrefixKey, RefusedAggregate>();
    for (const { placements } of this.#addresses.values()) {
      for (const { placement } of placements) {
        if (placement.type === 'virtual' && placement.refused !== undefined) {
          refused.set(prefixKey(placement.refused.prefix), placement.refused);
        }
      }
    }
    return [...refused.values()];
  }

  /** Addresses that have no place here for a reason that the user should know, at most `limit`, as text. */
  unplaced(reason: NoPlacement, limit: number): string[] {
    const found: string[] = [];
    for (const { address, placements } of this.#addresses.values()) {
      if (found.length >= limit) {
        break;
      }
      if (placements.some(({ placement }) => placement.type === 'none' && placement.reason === reason)) {
        found.push(formatAddress(address));
      }
    }
    return found;
  }

  /** A Service appeared or changed. */
  setService(service: ServiceFacts): PlanChanges {
    const previous = this.#services.get(service.key);
    this.#services.set(service.key, service);
    const kept = new Set(service.addresses.map(addressKey));
    for (const address of previous?.addresses ?? []) {
      if (!kept.has(addressKey(address))) {
        this.#drop(service.key, address);
      }
    }
    this.#placeAll(service);
    return this.#takeTouched();
  }

  /** A Service is gone. */
  deleteService(key: string): PlanChanges {
    const service = this.#services.get(key);
    this.#services.delete(key);
    for (const address of service?.addresses ?? []) {
      this.#drop(key, address);
    }
    return this.#takeTouched();
  }

  /** The endpoints of a Service changed. */
  endpointsChanged(key: string): PlanChanges {
    const service = this.#services.get(key);
    if (service?.endpointsOnly === true) {
      this.#placeAll(service);
    }
    return this.#takeTouched();
  }

  /** Anything but the Services changed: everything is placed anew. */
  configure(config: PlanConfig): PlanChanges {
    this.#snapshot = snapshotOf(config);
    for (const service of this.#services.values()) {
      this.#placeAll(service);
    }
    return this.#takeTouched();
  }

  #placeAll(service: ServiceFacts): void {
    const view = this.#view(service.group);
    const readyNodes = service.endpointsOnly ? this.#readyNodes(service.key) : undefined;
    for (const address of service.addresses) {
      const key = addressKey(address);
      const placement = place({
        address,
        view,
        config: this.#snapshot.config,
        surroundings: this.#snapshot.surroundings,
        endpointsOnly: service.endpointsOnly,
        readyNodes,
      });
      let entry = this.#addresses.get(key);
      if (entry === undefined) {
        entry = { address, placements: [], virtual: 'no', routes: [], candidate: undefined };
        this.#addresses.set(key, entry);
      }
      const others = withoutService(entry, service.key);
      const placed = { service: service.key, placement };
      entry.placements = others.length === 0 ? [placed] : [...others, placed];
      this.#resolve(key, entry);
    }
  }

  #drop(service: string, address: Address): void {
    const key = addressKey(address);
    const entry = this.#addresses.get(key);
    if (entry === undefined) {
      return;
    }
    entry.placements = withoutService(entry, service);
    this.#resolve(key, entry);
    if (entry.placements.length === 0) {
      this.#addresses.delete(key);
    }
  }

  /** Draws the sum of all sharers and notes what differs from before. */
  #resolve(key: AddressKey, entry: AddressEntry): void {
    const virtual = wantedOf(entry.placements);
    if (virtual !== entry.virtual) {
      this.#virtualCount += Number(virtual === 'yes') - Number(entry.virtual === 'yes');
      this.#holdCount += Number(virtual === 'hold') - Number(entry.virtual === 'hold');
      entry.virtual = virtual;
      this.#touched.addresses.add(key);
    }
    if (virtual === 'hold') {
      this.#holdRoutes(entry);
      return;
    }
    this.#resolveRoutes(entry);
    const candidate = candidateOf(entry);
    if (!sameCandidate(candidate, entry.candidate)) {
      entry.candidate = candidate;
      this.#touched.candidates.add(key);
    }
  }

  #resolveRoutes(entry: AddressEntry): void {
    const routes = new Map<PrefixKey, Prefix>();
    for (const { placement } of entry.placements) {
      if (placement.type === 'virtual' && !routes.has(prefixKey(placement.route))) {
        routes.set(prefixKey(placement.route), placement.route);
        this.#noteStray(placement.route, placement.stray);
      }
    }
    this.#setRoutes(entry, routes);
  }

  /** What is undecided keeps its routes, but for an aggregate that has come to lie over what must stay reachable. */
  #holdRoutes(entry: AddressEntry): void {
    if (entry.routes.some((route) => this.endangers(route))) {
      const kept = entry.routes.map((route) => (this.endangers(route) ? hostPrefix(entry.address) : route));
      this.#setRoutes(entry, new Map(kept.map((route) => [prefixKey(route), route])));
    }
  }

  #setRoutes(entry: AddressEntry, routes: ReadonlyMap<PrefixKey, Prefix>): void {
    const used = new Set(entry.routes.map(prefixKey));
    for (const [key, route] of routes) {
      if (!used.has(key)) {
        this.#useRoute(key, route);
      }
    }
    for (const key of used) {
      if (!routes.has(key)) {
        this.#releaseRoute(key);
      }
    }
    // A copy is as long as it must be; an array that grew has room for sixteen more.
    entry.routes = [...routes.values()].slice();
  }

  #useRoute(key: PrefixKey, prefix: Prefix): void {
    const entry = this.#routes.get(key);
    if (entry === undefined) {
      this.#routes.set(key, { prefix, users: 1 });
      this.#touched.routes.add(key);
      return;
    }
    entry.users += 1;
  }

  #noteStray(route: Prefix, stray: StrayRoute | undefined): void {
    const key = prefixKey(route);
    const known = this.#strays.get(key);
    if (stray?.group !== known?.group || (stray === undefined) !== (known === undefined)) {
      this.#strayVersion += 1;
      if (stray === undefined) {
        this.#strays.delete(key);
      } else {
        this.#strays.set(key, stray);
      }
    }
  }

  #releaseRoute(key: PrefixKey): void {
    const entry = this.#routes.get(key);
    if (entry === undefined) {
      return;
    }
    entry.users -= 1;
    if (entry.users === 0) {
      this.#routes.delete(key);
      this.#touched.routes.add(key);
      this.#noteStray(entry.prefix, undefined);
    }
  }

  #view(group: string | undefined): GroupView {
    const name = group ?? '';
    const known = this.#snapshot.views.get(name);
    if (known !== undefined) {
      return known;
    }
    const view = viewGroup(this.#snapshot.config.groups.get(name), this.#snapshot.config);
    this.#snapshot.views.set(name, view);
    return view;
  }

  #takeTouched(): PlanChanges {
    const touched = this.#touched;
    this.#touched = emptyChanges();
    return touched;
  }
}

function snapshotOf(config: PlanConfig): Snapshot {
  return { config, surroundings: new Surroundings(config.protectedPrefixes), views: new Map() };
}

function emptyChanges(): {
  addresses: Set<AddressKey>;
  routes: Set<PrefixKey>;
  candidates: Set<AddressKey>;
} {
  return { addresses: new Set(), routes: new Set(), candidates: new Set() };
}

function withoutService({ placements }: AddressEntry, key: string): readonly Placed[] {
  return placements.filter(({ service }) => service !== key);
}

/** Wanted when any sharer wants it; left alone when one of them is undecided. */
function wantedOf(placements: Iterable<Placed>): Wanted {
  let wanted: Wanted = 'no';
  for (const { placement } of placements) {
    if (placement.type === 'virtual') {
      return 'yes';
    }
    if (placement.type === 'hold') {
      wanted = 'hold';
    }
  }
  return wanted;
}

/** Sharers meet on one interface, that of the first by name that may be here, which also says who may hold it. */
function candidateOf(entry: AddressEntry): LocalCandidate | undefined {
  const local = entry.placements
    .flatMap(({ service, placement }) => (placement.type === 'local' ? [{ service, placement }] : []))
    .sort((a, b) => (a.service < b.service ? -1 : 1));
  const first = (local.find(({ placement }) => !placement.barred) ?? local[0])?.placement;
  return (
    first && {
      address: entry.address,
      services: local.map(({ service }) => service),
      interfaceIndex: first.interfaceIndex,
      preferences: first.preferences,
      eligible: local.some(({ placement }) => placement.eligible),
      barred: first.barred,
      policy: first.policy,
    }
  );
}

function sameCandidate(a: LocalCandidate | undefined, b: LocalCandidate | undefined): boolean {
  if (a === undefined || b === undefined) {
    return a === b;
  }
  return (
    a.interfaceIndex === b.interfaceIndex &&
    a.eligible === b.eligible &&
    a.barred === b.barred &&
    isDeepStrictEqual(a.policy, b.policy) &&
    a.services.join() === b.services.join() &&
    samePreferences(a.preferences, b.preferences)
  );
}

function samePreferences(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a === b || (a.size === b.size && [...a].every(([node, weight]) => b.get(node) === weight));
}

function isHost({ address, length }: Prefix): boolean {
  return length === addressBits(address.family);
}
