import { TABLE } from '@fairlead/netlink';
import type { InterfaceAddress, Link, NetlinkEvent, Route } from '@fairlead/netlink';
import { hostKey, prefixKey } from '../plan/keys.ts';
import type { AddressKey, PrefixKey } from '../plan/keys.ts';
import { isOurAddress, isOurRoute } from './ownership.ts';

/** All that one reading of the kernel gives. */
export interface KernelDump {
  readonly links: readonly Link[];
  readonly addresses: readonly InterfaceAddress[];
  readonly routes: readonly Route[];
}

/** What an event changed, for those who hold a view drawn from this state. */
export type KernelChange =
  | { readonly type: 'nothing' }
  /** Something that is not ours: interfaces, the node's own addresses, routes. */
  | {
      readonly type: 'surroundings';
      readonly own?: InterfaceAddress;
      /** Routes may have gone with it, or given way to it, of which the kernel says nothing: they are to be read again. */
      readonly doubtful?: boolean;
    }
  | {
      readonly type: 'link';
      readonly link: Link;
      readonly gone: boolean;
      /** Its frames may go another way than before: it has a carrier again, or the driver says so. */
      readonly rewired: boolean;
    }
  | { readonly type: 'our-address'; readonly address: InterfaceAddress; readonly gone: boolean }
  | { readonly type: 'our-route'; readonly route: Route; readonly gone: boolean };

/** What is kept of an address of ours: all else of it is as we made it. There may be ten thousand. */
export type OurAddress = Pick<InterfaceAddress, 'index' | 'address' | 'length'>;
/** What is kept of a route of ours: what tells it from others. */
export type OurRoute = Pick<Route, 'family' | 'dst' | 'index' | 'gateway' | 'metric' | 'protocol' | 'table'>;

/** What the kernel tells of a change; after a `resync` everything is read anew instead. */
export type KernelEvent = Exclude<NetlinkEvent, { readonly type: 'resync' }>;

const NOTHING: KernelChange = { type: 'nothing' };

/**
 * The kernel's links, addresses and routes as last heard: read once, then kept by events, and by what our own requests
 * did as soon as the kernel acknowledged them (their events come later and change nothing).
 */
export class KernelState {
  readonly #links = new Map<number, Link>();
  readonly #ourAddresses = new Map<string, OurAddress>();
  readonly #ourCounts = new Map<number, number>();
  readonly #foreignAddresses = new Map<string, InterfaceAddress>();
  /** By network, because there can be several: on a former dummy interface, or with another metric. */
  readonly #ourRoutes = new Map<PrefixKey, readonly OurRoute[]>();
  readonly #foreignRoutes = new Map<string, Route>();
  /** What happened since a reading began, to be done again upon what it brings. */
  #journal: (() => void)[] | undefined;

  get links(): ReadonlyMap<number, Link> {
    return this.#links;
  }

  get foreignAddresses(): Iterable<InterfaceAddress> {
    return this.#foreignAddresses.values();
  }

  get foreignRoutes(): Iterable<Route> {
    return this.#foreignRoutes.values();
  }

  get ourAddresses(): Iterable<OurAddress> {
    return this.#ourAddresses.values();
  }

  /** How many addresses are ours, on all interfaces or on one. */
  countOurAddresses(index?: number): number {
    return index === undefined ? this.#ourAddresses.size : (this.#ourCounts.get(index) ?? 0);
  }

  get ourRoutes(): Iterable<OurRoute> {
    return this.#ourRoutes.values().flatMap((routes) => routes);
  }

  /** The link of that name. */
  linkNamed(name: string): Link | undefined {
    return [...this.#links.values()].find((link) => link.name === name);
  }

  /** Our address of that form on that interface. */
  ourAddress(key: string): OurAddress | undefined {
    return this.#ourAddresses.get(key);
  }

  /** Somebody else's address of that form on that interface. */
  foreignAddress(key: string): InterfaceAddress | undefined {
    return this.#foreignAddresses.get(key);
  }

  /** All our routes to a network, on whatever interface. */
  ourRoutesTo(key: PrefixKey): readonly OurRoute[] {
    return this.#ourRoutes.get(key) ?? [];
  }

  /**
   * From now on everything is being read: what happens until {@link reset} is newer than some of it, and is kept. A
   * reading that failed needs no end.
   */
  beginReading(): void {
    this.#journal = [];
  }

  /** Forgets everything and takes over what was read, with what happened meanwhile. */
  reset(dump: KernelDump): void {
    const journal = this.#journal ?? [];
    this.#journal = undefined;
    for (const map of [this.#links, this.#ourAddresses, this.#foreignAddresses, this.#ourRoutes, this.#foreignRoutes]) {
      map.clear();
    }
    this.#ourCounts.clear();
    for (const link of dump.links) {
      this.#links.set(link.index, link);
    }
    for (const address of dump.addresses) {
      this.putAddress(address);
    }
    for (const route of dump.routes) {
      this.putRoute(route);
    }
    for (const again of journal) {
      again();
    }
  }

  /** A link that is there now. */
  putLink(link: Link): void {
    this.#journal?.push(() => {
      this.putLink(link);
    });
    this.#links.set(link.index, link);
  }

  /** A link that is there no more. */
  dropLink(index: number): void {
    this.#journal?.push(() => {
      this.dropLink(index);
    });
    this.#links.delete(index);
    this.#forgetInterface(index);
  }

  /** An address that is there now. */
  putAddress(address: InterfaceAddress): 'ours' | 'foreign' {
    this.#journal?.push(() => {
      this.putAddress(address);
    });
    const key = interfaceAddressKey(address);
    const ours = isOurAddress(address);
    this.#count(address.index, Number(ours) - Number(this.#ourAddresses.has(key)));
    if (ours) {
      const { index, length } = address;
      this.#ourAddresses.set(key, { index, address: address.address, length });
      this.#foreignAddresses.delete(key);
      return 'ours';
    }
    this.#foreignAddresses.set(key, address);
    this.#ourAddresses.delete(key);
    return 'foreign';
  }

  /** An address that is there no more. @returns what it was, undefined where it was not known */
  dropAddress(address: OurAddress): 'ours' | 'foreign' | undefined {
    this.#journal?.push(() => {
      this.dropAddress(address);
    });
    const key = interfaceAddressKey(address);
    if (this.#ourAddresses.delete(key)) {
      this.#count(address.index, -1);
      return 'ours';
    }
    return this.#foreignAddresses.delete(key) ? 'foreign' : undefined;
  }

  /** A route that is there now. Routes outside the main table are of no interest unless they are ours. */
  putRoute(route: Route): 'ours' | 'foreign' | 'ignored' {
    this.#journal?.push(() => {
      this.putRoute(route);
    });
    const key = routeKey(route);
    if (isOurRoute(route) && route.dst !== null) {
      const to = prefixKey(route.dst);
      const others = this.ourRoutesTo(to).filter((other) => routeKey(other) !== key);
      const { family, dst, index, gateway, metric, protocol, table } = route;
      const kept = { family, dst, index, gateway, metric, protocol, table };
      this.#ourRoutes.set(to, others.length === 0 ? [kept] : [...others, kept]);
      return 'ours';
    }
    if (route.table !== TABLE.main) {
      return 'ignored';
    }
    this.#foreignRoutes.set(key, route);
    return 'foreign';
  }

  /** A route that is there no more. @returns whether it was known */
  dropRoute(route: OurRoute): boolean {
    this.#journal?.push(() => {
      this.dropRoute(route);
    });
    const key = routeKey(route);
    if (!isOurRoute(route) || route.dst === null) {
      return this.#foreignRoutes.delete(key);
    }
    const to = prefixKey(route.dst);
    const all = this.ourRoutesTo(to);
    const rest = all.filter((other) => routeKey(other) !== key);
    if (rest.length > 0) {
      this.#ourRoutes.set(to, rest);
    } else {
      this.#ourRoutes.delete(to);
    }
    return rest.length < all.length;
  }

  /** Whether the very route is known. */
  hasRoute(route: Route): boolean {
    const key = routeKey(route);
    return isOurRoute(route) && route.dst !== null
      ? this.ourRoutesTo(prefixKey(route.dst)).some((other) => routeKey(other) === key)
      : this.#foreignRoutes.has(key);
  }

  /** Takes over one event and says what it changed. Events of what is already so change nothing. */
  apply(event: KernelEvent): KernelChange {
    switch (event.type) {
      case 'link':
        return this.#applyLink(event);
      case 'address':
        return event.action === 'delete' ? this.#addressGone(event.address) : this.#addressThere(event.address);
      case 'route':
        return event.action === 'delete' ? this.#routeGone(event.route) : this.#routeThere(event.route);
      case 'neighbour':
        return NOTHING;
      default:
        return event satisfies never;
    }
  }

  #applyLink({ link, action, cause }: Extract<KernelEvent, { readonly type: 'link' }>): KernelChange {
    const known = this.#links.get(link.index);
    if (action === 'delete') {
      this.dropLink(link.index);
      return { type: 'link', link, gone: true, rewired: false };
    }
    this.putLink(link);
    if (known?.flags.up === true && !link.flags.up) {
      this.#dropIPv4Routes(link.index);
    }
    const rewired = cause !== undefined || (known?.flags.lowerUp === false && link.flags.lowerUp);
    return known !== undefined && sameLink(known, link) && !rewired
      ? NOTHING
      : { type: 'link', link, gone: false, rewired };
  }

  #addressThere(address: InterfaceAddress): KernelChange {
    const key = interfaceAddressKey(address);
    const known = this.#ourAddresses.has(key) || this.#foreignAddresses.has(key);
    const changed = this.#foreignAddresses.get(key)?.flags.tentative !== address.flags.tentative;
    if (this.putAddress(address) === 'ours') {
      return known ? NOTHING : { type: 'our-address', address, gone: false };
    }
    return known && !changed ? NOTHING : { type: 'surroundings', own: address };
  }

  #addressGone(address: InterfaceAddress): KernelChange {
    const whose = this.dropAddress(address);
    switch (whose) {
      case 'ours':
        return { type: 'our-address', address, gone: true };
      case 'foreign':
        return { type: 'surroundings', doubtful: this.#mayLoseRoutes(address) };
      case undefined:
        return NOTHING;
      default:
        return whose satisfies never;
    }
  }

  #routeThere(route: Route): KernelChange {
    const known = this.hasRoute(route);
    const replaced = known ? [] : this.#ourRoutesInPlaceOf(route);
    const whose = this.putRoute(route);
    switch (whose) {
      case 'ours':
        for (const each of replaced) {
          this.dropRoute(each);
        }
        return known ? NOTHING : { type: 'our-route', route, gone: false };
      case 'foreign':
        return known ? NOTHING : { type: 'surroundings', ...(replaced.length > 0 && { doubtful: true }) };
      case 'ignored':
        return NOTHING;
      default:
        return whose satisfies never;
    }
  }

  /** Routes of ours that a new one has replaced, of which the kernel says nothing (`ip route replace`). */
  #ourRoutesInPlaceOf({ dst, metric, table }: Route): readonly OurRoute[] {
    return dst === null
      ? []
      : this.ourRoutesTo(prefixKey(dst)).filter((ours) => ours.metric === metric && ours.table === table);
  }

  #routeGone(route: Route): KernelChange {
    if (!this.dropRoute(route)) {
      return NOTHING;
    }
    return isOurRoute(route) ? { type: 'our-route', route, gone: true } : { type: 'surroundings' };
  }

  #count(index: number, change: number): void {
    if (change !== 0) {
      this.#ourCounts.set(index, this.countOurAddresses(index) + change);
    }
  }

  /**
   * Whether an address may have taken routes with it in silence: those that name it as their source, and all IPv4 routes
   * of the interface when it was the last one (net/ipv4/fib_frontend.c, fib_del_ifaddr and fib_disable_ip).
   */
  #mayLoseRoutes({ index, address }: InterfaceAddress): boolean {
    const mayGo = (route: OurRoute): boolean => route.family === 'IPv4' && route.index === index;
    return (
      address.family === 'IPv4' &&
      (this.#foreignRoutes.values().some(mayGo) || Iterator.from(this.ourRoutes).some(mayGo))
    );
  }

  /** An interface that is switched off loses its IPv4 routes, and the kernel does not say so (fib_disable_ip). */
  #dropIPv4Routes(index: number): void {
    for (const route of Array.from(this.#foreignRoutes.values())) {
      if (route.family === 'IPv4' && route.index === index) {
        this.dropRoute(route);
      }
    }
  }

  /** With an interface go its addresses and routes; for IPv4 routes the kernel does not say so. */
  #forgetInterface(index: number): void {
    for (const map of [this.#ourAddresses, this.#foreignAddresses, this.#foreignRoutes]) {
      for (const [key, entry] of map) {
        if (entry.index === index) {
          map.delete(key);
        }
      }
    }
    this.#ourCounts.delete(index);
    for (const route of Array.from(this.ourRoutes)) {
      if (route.index === index) {
        this.dropRoute(route);
      }
    }
  }
}

/** The key of an address on its interface: the same address can be there with several lengths. */
export function interfaceAddressKey(address: OurAddress): string {
  return `${address.index} ${prefixKey(address)}`;
}

/** The same for our address on that interface, by its key in the plan. */
export function hostAddressKey(index: number, key: AddressKey): string {
  return `${index} ${hostKey(key)}`;
}

/** What makes two routes different ones for the kernel, as far as it matters here. */
export function routeKey(route: OurRoute): string {
  const to = route.dst === null ? `default ${route.family}` : prefixKey(route.dst);
  return `${to} ${route.index ?? ''} ${route.metric} ${route.table} ${route.protocol} ${route.gateway?.value ?? ''}`;
}

function sameLink(a: Link, b: Link): boolean {
  return (
    a.name === b.name &&
    a.mac === b.mac &&
    a.mtu === b.mtu &&
    a.flags.up === b.flags.up &&
    a.flags.lowerUp === b.flags.lowerUp &&
    a.master === b.master
  );
}
