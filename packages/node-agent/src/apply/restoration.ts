import { formatAddress, formatPrefix, ROUTE_METRIC } from '@fairlead/api';
import type { Address, Prefix } from '@fairlead/api';
import type { InterfaceAddress, Route } from '@fairlead/netlink';
import type { Logger } from '@fairlead/runtime';
import { interfaceAddressKey, routeKey } from '../facts/kernel-state.ts';
import type { KernelChange } from '../facts/kernel-state.ts';
import { addressKey, prefixKey } from '../plan/keys.ts';
import type { AddressKey, PrefixKey } from '../plan/keys.ts';
import type { Delays } from './delays.ts';
import type { DummyInterface } from './dummy-interface.ts';
import type { RestoreLimiter } from './restore-limiter.ts';
import type { Timers } from './timers.ts';
import type { WantedVirtual } from './wanted-virtual.ts';
import type { Portion } from './work.ts';

/**
 * Addresses and routes that are removed together are gone within this time. `ip addr flush` goes on until nothing is left,
 * ten rounds at most: putting back at once would make one command look like a fight.
 */
const TOGETHER_MS = 20;

/** Something of ours that others removed and that was put back, or is left alone for a while because they insist. */
export type Restored = { readonly contested: boolean } & (
  | { readonly type: 'address'; readonly key: AddressKey; readonly address: Address }
  | { readonly type: 'route'; readonly prefix: Prefix }
  | { readonly type: 'interface'; readonly name: string }
);

/** What a {@link Restoration} tells of. */
export interface RestorationHooks {
  /** Something was removed by others. Must not throw. */
  restored(restored: Restored): void;
  /** What the kernel has is no longer known; once it has been read, `compareAll` is called. Must not throw. */
  readEverything(): void;
}

export interface RestorationOptions {
  readonly dummy: DummyInterface;
  readonly timers: Timers;
  readonly limiter: RestoreLimiter;
  readonly logger: Logger;
  readonly delays: Delays;
  readonly wanted: () => WantedVirtual | undefined;
  /** Whether it is we who delete the address or route of that kernel key just now. */
  readonly isDeleting: (kernelKey: string) => boolean;
  /** Has these keys looked at after so many ms. */
  readonly lookAt: (keys: Portion, ms: number) => void;
  readonly hooks: RestorationHooks;
}

/** Puts back what others take, and takes off what comes unwanted: how the kernel's own changes become work. */
export class Restoration {
  readonly #options: RestorationOptions;
  /** What is left as it is for a while, because somebody insists. */
  readonly #contested = { addresses: new Set<AddressKey>(), routes: new Set<PrefixKey>(), interface: false };
  /** What is put back together. */
  #missing: { readonly addresses: AddressKey[]; readonly routes: PrefixKey[] } | undefined;
  #doubting = false;

  constructor(options: RestorationOptions) {
    this.#options = options;
  }

  /** Whether the interface is left as it is for now. */
  get leavesInterface(): boolean {
    return this.#contested.interface;
  }

  /** Nothing is left as it is any more. */
  forget(): void {
    this.#contested.addresses.clear();
    this.#contested.routes.clear();
    this.#contested.interface = false;
  }

  /** The keys without those that are left as they are for now. */
  withoutContested({ addresses, routes }: Portion): Portion {
    return {
      addresses: addresses.filter((key) => !this.#contested.addresses.has(key)),
      routes: routes.filter((key) => !this.#contested.routes.has(key)),
    };
  }

  /** The kernel changed by itself or by others: what they took is put back. */
  kernelChanged(change: KernelChange): void {
    switch (change.type) {
      case 'our-address':
        this.#ourAddressChanged(change.address, change.gone);
        return;
      case 'our-route':
        this.#ourRouteChanged(change.route, change.gone);
        return;
      case 'link':
        this.#linkChanged(change.link.name, change.link.index);
        return;
      case 'surroundings':
      case 'nothing':
    }
  }

  #ourAddressChanged(address: InterfaceAddress, gone: boolean): void {
    const { dummy, hooks, isDeleting, lookAt } = this.#options;
    const key = addressKey(address.address);
    if (address.index !== dummy.index) {
      return;
    }
    const mine = isDeleting(interfaceAddressKey(address));
    const wanted = this.#options.wanted()?.virtual(key);
    if (gone && !mine && address.address.family === 'IPv4') {
      this.#doubtRoutes();
    }
    if (gone && !mine && wanted === 'yes') {
      const name = `${formatAddress(address.address)} of ${dummy.name}`;
      const contested = this.#putBack(name, { addresses: [key], routes: [] });
      hooks.restored({ type: 'address', key, address: address.address, contested });
    } else if (!gone && wanted === 'no') {
      lookAt({ addresses: [key], routes: [] }, 0);
    }
  }

  /**
   * With the last IPv4 address of an interface the kernel drops its IPv4 routes, and does not say so (net/ipv4/
   * fib_frontend.c, fib_inetaddr_event). Looked at once for all that are removed together.
   */
  #doubtRoutes(): void {
    if (this.#doubting) {
      return;
    }
    this.#doubting = true;
    this.#options.delays.after(TOGETHER_MS, () => {
      this.#doubting = false;
      this.#options.hooks.readEverything();
    });
  }

  #ourRouteChanged(route: Route, gone: boolean): void {
    const { dummy, hooks, isDeleting, lookAt } = this.#options;
    if (route.dst === null) {
      return;
    }
    const key = prefixKey(route.dst);
    const wanted = this.#options.wanted()?.route(key) !== undefined;
    const here = wanted && route.index === dummy.index;
    if (!gone) {
      // Ours in a long batch are heard of before they are answered.
      if (!here || route.metric !== ROUTE_METRIC) {
        lookAt({ addresses: [], routes: [key] }, 0);
      }
    } else if (here && !isDeleting(routeKey(route))) {
      const name = `the route to ${formatPrefix(route.dst)}`;
      const contested = this.#putBack(name, { addresses: [], routes: [key] });
      hooks.restored({ type: 'route', prefix: route.dst, contested });
    }
  }

  /** Has something looked at again, soon or in a while. @returns whether it is left as it is until then */
  #putBack(name: string, keys: Portion): boolean {
    const { timers, limiter, delays, lookAt } = this.#options;
    const decision = limiter.removed(name, timers.now());
    if (decision.type === 'now') {
      this.#putBackTogether(keys);
      return false;
    }
    this.#contest(keys, true);
    delays.after(decision.afterMs, () => {
      this.#contest(keys, false);
      lookAt(keys, 0);
    });
    return true;
  }

  #contest({ addresses, routes }: Portion, is: boolean): void {
    for (const key of addresses) {
      this.#contested.addresses[is ? 'add' : 'delete'](key);
    }
    for (const key of routes) {
      this.#contested.routes[is ? 'add' : 'delete'](key);
    }
  }

  #putBackTogether({ addresses, routes }: Portion): void {
    if (this.#missing === undefined) {
      const missing = { addresses: [], routes: [] };
      this.#missing = missing;
      this.#options.delays.after(TOGETHER_MS, () => {
        this.#missing = undefined;
        this.#options.lookAt(missing, 0);
      });
    }
    this.#missing.addresses.push(...addresses);
    this.#missing.routes.push(...routes);
  }

  #linkChanged(name: string, index: number): void {
    const { dummy, timers, limiter, hooks, delays } = this.#options;
    if (name !== dummy.name && index !== dummy.index) {
      return;
    }
    if (!dummy.kernelChanged()) {
      return;
    }
    const decision = limiter.removed(`the interface ${dummy.name}`, timers.now());
    const contested = decision.type === 'later';
    this.#contested.interface = contested;
    hooks.restored({ type: 'interface', name: dummy.name, contested });
    delays.after(contested ? decision.afterMs : 0, () => {
      this.#contested.interface = false;
      void this.#restoreInterface();
    });
  }

  /** Makes the interface ready, then has everything read: the kernel does not say which IPv4 routes went with it. */
  async #restoreInterface(): Promise<void> {
    const { dummy, hooks, logger } = this.#options;
    try {
      await dummy.ensure();
    } catch (error) {
      logger.error(`The interface ${dummy.name} cannot be restored; it is tried again`, { error });
    }
    hooks.readEverything();
  }
}
