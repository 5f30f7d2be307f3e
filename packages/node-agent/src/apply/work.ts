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
/** Requests in one portion of bulk: about 20 ms of kernel time for IPv4. */
const PORTION = 256;
/** Addresses to withdraw in one: an IPv6 one costs a millisecond where there are thousands. */
const WITHDRAWN_PORTION = 32;
/** IPv6 addresses in one: each costs up to 4 ms where there are thousands (the kernel walks them all). */
const IPV6_PORTION = 16;

/**
 * Keys of addresses and routes that have to be looked at, each once. Small changes go before bulk ones, so that one new
 * Service does not wait for ten thousand. Within bulk: IPv4 addresses, then routes, then IPv6 addresses, which follow at
 * the kernel's pace (O(n²)) while their routes already stand. What {@link withdraw} was told of comes after all routes that
 * are to be set, so that a route which takes the place of others stands before they go: routes first, then addresses.
 */
export class Work {
  readonly #urgent = { addresses: new Set<AddressKey>(), routes: new Set<PrefixKey>() };
  readonly #bulk = { ipv4: new Set<AddressKey>(), routes: new Set<PrefixKey>(), ipv6: new Set<AddressKey>() };
  readonly #withdrawn = { addresses: new Set<AddressKey>(), routes: new Set<PrefixKey>() };

  get size(): number {
    const { ipv4, routes, ipv6 } = this.#bulk;
    return sizeOf(this.#urgent) + ipv4.size + routes.size + ipv6.size + sizeOf(this.#withdrawn);
  }

  /** Adds what a change touched. */
  add(touched: Touched): void {
    const addresses = [...touched.addresses];
    const routes = [...touched.routes];
    const bulk = addresses.length + routes.length > BULK;
    for (const key of addresses) {
      (bulk ? (key.startsWith('4') ? this.#bulk.ipv4 : this.#bulk.ipv6) : this.#urgent.addresses).add(key);
    }
    for (const key of routes) {
      (bulk ? this.#bulk.routes : this.#urgent.routes).add(key);
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

  /** Takes the next portion out; undefined when there is none. */
  take(): Task | undefined {
    if (sizeOf(this.#urgent) > 0) {
      return {
        stage: 'announce',
        addresses: takeFrom(this.#urgent.addresses, PORTION),
        routes: takeFrom(this.#urgent.routes, PORTION),
      };
    }
    const { ipv4, routes, ipv6 } = this.#bulk;
    if (ipv4.size > 0) {
      return { stage: 'announce', addresses: takeFrom(ipv4, PORTION), routes: [] };
    }
    if (routes.size > 0) {
      return { stage: 'announce', addresses: [], routes: takeFrom(routes, PORTION) };
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
