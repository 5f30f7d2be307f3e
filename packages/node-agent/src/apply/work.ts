import { hostKey } from '../plan/keys.ts';
import type { AddressKey, PrefixKey } from '../plan/keys.ts';

/** Keys to look at. */
export interface Portion {
  readonly addresses: readonly AddressKey[];
  readonly routes: readonly PrefixKey[];
}

/** Keys that a change touched. */
export interface Touched {
  readonly addresses: Iterable<AddressKey>;
  readonly routes: Iterable<PrefixKey>;
}

/**
 * `announce`: what is wanted is put there. `withdraw`: what is not wanted is taken away; nothing is to be announced any
 * more when that is looked at, and no route to be taken away any more when addresses are.
 */
export type Stage = 'announce' | 'withdraw';

/** What to do next: the keys, and what about them. */
export interface Task extends Portion {
  readonly stage: Stage;
}

/** Above so many keys at once a change counts as bulk and lets later small ones pass. */
const BULK = 64;
/** Addresses or routes in one portion of bulk: about 20 ms of kernel time for IPv4. */
const PORTION = 256;
/**
 * The kernel walks all IPv4 addresses of an interface twice for one more (net/ipv4/devinet.c, find_matching_ifa and
 * __inet_insert_ifa): 0.1 ms from so many on, 1.4 s for ten thousand, whose routes take a tenth of that (measured on 6.18).
 */
export const CROWDED = 4_096;
/** IPv4 addresses in one portion there: a small change waits for 3 to 30 ms, by how many thousands there are. */
const CROWDED_PORTION = 32;
/** Addresses to withdraw in one: an IPv6 one costs a millisecond where there are thousands. */
const WITHDRAWN_PORTION = 32;
/** IPv6 addresses in one: each costs up to 4 ms where there are thousands (the kernel walks them all). */
const IPV6_PORTION = 16;

/**
 * Keys of addresses and routes that have to be looked at, each once. Small changes go before bulk ones, so that one new
 * Service does not wait for ten thousand. Within bulk: IPv6 routes, then IPv4 addresses, each with its route, then what is
 * left of routes, then IPv6 addresses, which follow at the kernel's pace (O(n²)) while their routes already stand; and where
 * an interface is crowded, so do IPv4 ones. What {@link withdraw} was told of comes after all routes that are to be set, so
 * that a route which takes the place of others stands before they go: routes first, then addresses.
 */
export class Work {
  readonly #urgent = { addresses: new Set<AddressKey>(), routes: new Set<PrefixKey>() };
  readonly #bulk = {
    ipv4: new Set<AddressKey>(),
    ipv6: new Set<AddressKey>(),
    ipv4Routes: new Set<PrefixKey>(),
    ipv6Routes: new Set<PrefixKey>(),
  };
  readonly #withdrawn = { addresses: new Set<AddressKey>(), routes: new Set<PrefixKey>() };

  get size(): number {
    const { ipv4, ipv6, ipv4Routes, ipv6Routes } = this.#bulk;
    const bulk = ipv4.size + ipv6.size + ipv4Routes.size + ipv6Routes.size;
    return sizeOf(this.#urgent) + bulk + sizeOf(this.#withdrawn);
  }

  /** Adds what a change touched. */
  add(touched: Touched): void {
    const addresses = [...touched.addresses];
    const routes = [...touched.routes];
    const { ipv4, ipv6, ipv4Routes, ipv6Routes } = this.#bulk;
    const bulk = addresses.length + routes.length > BULK;
    for (const key of addresses) {
      (bulk ? (isIPv4(key) ? ipv4 : ipv6) : this.#urgent.addresses).add(key);
    }
    for (const key of routes) {
      (bulk ? (isIPv4(key) ? ipv4Routes : ipv6Routes) : this.#urgent.routes).add(key);
    }
  }

  /** Something of these is there that is not wanted: it is looked at when its time has come. */
  withdraw({ addresses, routes }: Partial<Touched>): void {
    for (const key of addresses ?? []) {
      this.#withdrawn.addresses.add(key);
    }
    for (const key of routes ?? []) {
      this.#withdrawn.routes.add(key);
    }
  }

  /**
   * Takes the next portion out; undefined when there is none.
   * @param addressCount how many addresses of ours the interface has
   */
  take(addressCount: number): Task | undefined {
    if (sizeOf(this.#urgent) > 0) {
      return {
        stage: 'announce',
        addresses: takeFrom(this.#urgent.addresses, PORTION),
        routes: takeFrom(this.#urgent.routes, PORTION),
      };
    }
    const { ipv4, ipv6, ipv4Routes, ipv6Routes } = this.#bulk;
    if (ipv6Routes.size > 0) {
      return { stage: 'announce', addresses: [], routes: takeFrom(ipv6Routes, PORTION) };
    }
    const crowded = addressCount >= CROWDED;
    if (ipv4.size > 0 && !(ipv4Routes.size > 0 && crowded)) {
      const addresses = takeFrom(ipv4, crowded ? CROWDED_PORTION : PORTION);
      return { stage: 'announce', addresses, routes: addresses.map(hostKey).filter((key) => ipv4Routes.delete(key)) };
    }
    if (ipv4Routes.size > 0) {
      return { stage: 'announce', addresses: [], routes: takeFrom(ipv4Routes, PORTION) };
    }
    if (this.#withdrawn.routes.size > 0) {
      return { stage: 'withdraw', addresses: [], routes: takeFrom(this.#withdrawn.routes, PORTION) };
    }
    if (this.#withdrawn.addresses.size > 0) {
      return { stage: 'withdraw', addresses: takeFrom(this.#withdrawn.addresses, WITHDRAWN_PORTION), routes: [] };
    }
    return ipv6.size > 0 ? { stage: 'announce', addresses: takeFrom(ipv6, IPV6_PORTION), routes: [] } : undefined;
  }
}

function isIPv4(key: AddressKey): boolean {
  return key.startsWith('4');
}

function sizeOf({
  addresses,
  routes,
}: {
  readonly addresses: ReadonlySet<AddressKey>;
  readonly routes: ReadonlySet<PrefixKey>;
}): number {
  return addresses.size + routes.size;
}

function takeFrom<T>(set: Set<T>, count: number): T[] {
  const taken = [...set.values().take(count)];
  for (const each of taken) {
    set.delete(each);
  }
  return taken;
}
