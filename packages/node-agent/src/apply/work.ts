import type { AddressKey, PrefixKey } from '../plan/keys.ts';

/** A portion of keys to look at. */
export interface Portion {
  readonly addresses: readonly AddressKey[];
  readonly routes: readonly PrefixKey[];
}

/** Keys that a change touched. */
export interface Touched {
  readonly addresses: Iterable<AddressKey>;
  readonly routes: Iterable<PrefixKey>;
}

/** Above so many keys at once a change counts as bulk and lets later small ones pass. */
const BULK = 64;
/** Requests in one portion of bulk: about 20 ms of kernel time for IPv4. */
const PORTION = 256;
/** IPv6 addresses in one: each costs up to 4 ms where there are thousands (the kernel walks them all). */
const IPV6_PORTION = 16;

/**
 * Keys of addresses and routes that have to be looked at, each once. Small changes go before bulk ones, so that one new
 * Service does not wait for ten thousand. Within bulk: IPv4 addresses, then routes, then IPv6 addresses, which follow at
 * the kernel's pace (O(n²)) while their routes already stand.
 */
export class Work {
  readonly #urgent = { addresses: new Set<AddressKey>(), routes: new Set<PrefixKey>() };
  readonly #bulk = { ipv4: new Set<AddressKey>(), routes: new Set<PrefixKey>(), ipv6: new Set<AddressKey>() };

  get size(): number {
    const { ipv4, routes, ipv6 } = this.#bulk;
    return this.#urgent.addresses.size + this.#urgent.routes.size + ipv4.size + routes.size + ipv6.size;
  }

  /** Whether a route is still to be looked at: until then its addresses stay. */
  get routesPending(): boolean {
    return this.#urgent.routes.size + this.#bulk.routes.size > 0;
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

  /** Takes the next portion out; undefined when there is none. */
  take(): Portion | undefined {
    if (this.#urgent.addresses.size + this.#urgent.routes.size > 0) {
      return {
        addresses: takeFrom(this.#urgent.addresses, PORTION),
        routes: takeFrom(this.#urgent.routes, PORTION),
      };
    }
    const { ipv4, routes, ipv6 } = this.#bulk;
    if (ipv4.size > 0) {
      return { addresses: takeFrom(ipv4, PORTION), routes: [] };
    }
    if (routes.size > 0) {
      return { addresses: [], routes: takeFrom(routes, PORTION) };
    }
    return ipv6.size > 0 ? { addresses: takeFrom(ipv6, IPV6_PORTION), routes: [] } : undefined;
  }
}

function takeFrom<T>(set: Set<T>, count: number): T[] {
  const taken = [...set.values().take(count)];
  for (const each of taken) {
    set.delete(each);
  }
  return taken;
}
