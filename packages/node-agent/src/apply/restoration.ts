import { formatAddress, formatPrefix } from '@fairlead/api';
import type { Address, Prefix } from '@fairlead/api';
import type { InterfaceAddress, Route } from '@fairlead/netlink';
import type { Logger } from '@fairlead/runtime';
import { interfaceAddressKey, routeKey } from '../facts/kernel-state.ts';
import type { KernelChange } from '../facts/kernel-state.ts';
import { addressKey, prefixKey } from '../plan/keys.ts';
import type { AddressKey } from '../plan/keys.ts';
import type { Delays } from './delays.ts';
import type { DummyInterface } from './dummy-interface.ts';
import type { RestoreLimiter } from './restore-limiter.ts';
import type { Timers } from './timers.ts';
import type { WantedVirtual } from './wanted-virtual.ts';
import type { Portion } from './work.ts';

/** Addresses that are removed together are gone within this time. */
const DOUBT_MS = 5;

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
  #doubting = false;

  constructor(options: RestorationOptions) {
    this.#options = options;
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
    const { dummy, timers, limiter, hooks, isDeleting, lookAt } = this.#options;
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
      const decision = limiter.removed(`${formatAddress(address.address)} of ${dummy.name}`, timers.now());
      hooks.restored({ type: 'address', key, address: address.address, contested: decision.type === 'later' });
      lookAt({ addresses: [key], routes: [] }, decision.type === 'later' ? decision.afterMs : 0);
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
    this.#options.delays.after(DOUBT_MS, () => {
      this.#doubting = false;
      this.#options.hooks.readEverything();
    });
  }

  #ourRouteChanged(route: Route, gone: boolean): void {
    const { timers, limiter, hooks, isDeleting, lookAt } = this.#options;
    if (route.dst === null) {
      return;
    }
    const key = prefixKey(route.dst);
    const wanted = this.#options.wanted()?.route(key) !== undefined;
    if (gone && wanted && !isDeleting(routeKey(route))) {
      const decision = limiter.removed(`the route to ${formatPrefix(route.dst)}`, timers.now());
      hooks.restored({ type: 'route', prefix: route.dst, contested: decision.type === 'later' });
      lookAt({ addresses: [], routes: [key] }, decision.type === 'later' ? decision.afterMs : 0);
    } else if (!gone && !wanted) {
      lookAt({ addresses: [], routes: [key] }, 0);
    }
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
    hooks.restored({ type: 'interface', name: dummy.name, contested: decision.type === 'later' });
    delays.after(decision.type === 'later' ? decision.afterMs : 0, () => {
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
