import type { Address, Prefix } from '@fairlead/api';
import { addAddress, addRoute, deleteAddress, deleteRoute } from '@fairlead/netlink';
import type { InterfaceAddress, Netlink, NetlinkError, NetlinkRequest, Route } from '@fairlead/netlink';
import type { Logger } from '@fairlead/runtime';
import { hostAddressKey, interfaceAddressKey, routeKey } from '../facts/kernel-state.ts';
import type { KernelChange, KernelState } from '../facts/kernel-state.ts';
import { addressKey, prefixKey } from '../plan/keys.ts';
import type { AddressKey, PrefixKey } from '../plan/keys.ts';
import type { Wanted } from '../plan/planner.ts';
import { decideAddress, deletesRoute } from './decide.ts';
import type { DummyInterface } from './dummy-interface.ts';
import { isDone, ourAddress, ourRoute } from './kernel-objects.ts';
import type { RestoreLimiter } from './restore-limiter.ts';
import type { Timers } from './timers.ts';
import { Work } from './work.ts';
import type { Portion } from './work.ts';

/** First wait after a request that failed; doubles up to {@link RETRY_MAX_MS}. */
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 60_000;

/** Addresses that are removed together are gone within this time. */
const DOUBT_MS = 5;

/** What the node is to announce by routes, live: the planner, or the state file before the first sync. */
export interface WantedVirtual {
  virtual(key: AddressKey): Wanted;
  address(key: AddressKey): Address | undefined;
  route(key: PrefixKey): Prefix | undefined;
  readonly holdCount: number;
  virtualAddresses(): Iterable<[AddressKey, Address]>;
  routes(): Iterable<[PrefixKey, Prefix]>;
}

/** Something of ours that others removed and that was put back, or is left alone for a while because they insist. */
export type Restored = { readonly contested: boolean } & (
  | { readonly type: 'address'; readonly key: AddressKey; readonly address: Address }
  | { readonly type: 'route'; readonly prefix: Prefix }
  | { readonly type: 'interface'; readonly name: string }
);

export interface VirtualApplierOptions {
  readonly netlink: Pick<Netlink, 'execute'>;
  readonly state: KernelState;
  readonly dummy: DummyInterface;
  readonly timers: Timers;
  readonly limiter: RestoreLimiter;
  readonly logger: Logger;
  /** Time between the withdrawal of a route and that of its address, ms. */
  readonly graceMs: number;
  readonly hooks: {
    /** Something was removed by others. Must not throw. */
    restored(restored: Restored): void;
    /** Requests were made: how many of which kind, and how many of them failed. */
    executed(kind: 'add' | 'delete', count: number, failed: number): void;
    /** What the kernel has is no longer known; once it has been read, `compareAll` is called. Must not throw. */
    readEverything(): void;
    /** Something is there that was not known to be: the kernel should be read again. Must not throw. */
    surprised(): void;
    /** A request failed; it is tried again. `undefined`: nothing fails any more. */
    problem(error: NetlinkError | undefined): void;
  };
}

interface Step {
  readonly request: NetlinkRequest;
  readonly kind: 'add' | 'delete';
  /** What to look at again when it fails. */
  readonly key: { readonly address?: AddressKey; readonly route?: PrefixKey };
  /** What holds once the kernel has done it. */
  readonly done: () => void;
}

/**
 * Makes the dummy interface carry what is wanted: level-triggered, key by key, so that a lost event, a failed request or a
 * restart end in the same state. One batch is under way at a time; what changes meanwhile is seen by the next.
 */
export class VirtualApplier {
  readonly #options: VirtualApplierOptions;
  readonly #work = new Work();
  readonly #grace = new Map<AddressKey, number>();
  readonly #deleting = new Set<string>();
  readonly #idle: (() => void)[] = [];
  #retry = { addresses: new Set<AddressKey>(), routes: new Set<PrefixKey>(), delayMs: RETRY_MIN_MS };
  #wanted: WantedVirtual | undefined;
  #running = false;
  #doubting = false;
  #closed = false;
  #cancelTimers: (() => void)[] = [];

  constructor(options: VirtualApplierOptions) {
    this.#options = options;
  }

  /** From now on this is wanted; everything is compared. */
  follow(wanted: WantedVirtual): void {
    this.#wanted = wanted;
    this.compareAll();
  }

  /** The wanted state of these keys may have changed. */
  changed(touched: { readonly addresses: ReadonlySet<AddressKey>; readonly routes: ReadonlySet<PrefixKey> }): void {
    if (touched.addresses.size + touched.routes.size > 0) {
      this.#work.add(touched);
      this.#kick();
    }
  }

  /** Looks at everything that is wanted and not there, and at everything of ours that is there and not wanted. */
  compareAll(): void {
    const { state, dummy } = this.#options;
    const wanted = this.#wanted;
    if (wanted === undefined) {
      return;
    }
    const addresses: AddressKey[] = [];
    const routes: PrefixKey[] = [];
    for (const [key] of wanted.virtualAddresses()) {
      if (dummy.index === undefined || state.ourAddress(hostAddressKey(dummy.index, key)) === undefined) {
        addresses.push(key);
      }
    }
    for (const [key, prefix] of wanted.routes()) {
      if (dummy.index === undefined || !state.hasRoute(ourRoute(dummy.index, prefix))) {
        routes.push(key);
      }
    }
    for (const address of state.ourAddresses) {
      if (address.index === dummy.index && wanted.virtual(addressKey(address.address)) === 'no') {
        addresses.push(addressKey(address.address));
      }
    }
    for (const route of state.ourRoutes) {
      if (route.dst !== null && (route.index !== dummy.index || wanted.route(prefixKey(route.dst)) === undefined)) {
        routes.push(prefixKey(route.dst));
      }
    }
    this.#work.add({ addresses, routes });
    this.#kick();
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

  /** Resolves when there is nothing left to do but what fails, or waits for its grace time. */
  idle(): Promise<void> {
    if (!this.#running && this.#work.size === 0) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  /** Stops; the kernel keeps what it has. */
  close(): void {
    this.#closed = true;
    for (const cancel of this.#cancelTimers.splice(0)) {
      cancel();
    }
    this.#wakeIdle();
  }

  #ourAddressChanged(address: InterfaceAddress, gone: boolean): void {
    const { dummy, timers, limiter, hooks } = this.#options;
    const key = addressKey(address.address);
    if (address.index !== dummy.index) {
      return;
    }
    const mine = this.#deleting.has(interfaceAddressKey(address));
    if (gone && !mine && address.address.family === 'IPv4') {
      this.#doubtRoutes();
    }
    if (gone && !mine && this.#wanted?.virtual(key) === 'yes') {
      const decision = limiter.removed(`address ${key}`, timers.now());
      hooks.restored({ type: 'address', key, address: address.address, contested: decision.type === 'later' });
      this.#lookAt({ addresses: [key], routes: [] }, decision.type === 'later' ? decision.afterMs : 0);
    } else if (!gone && this.#wanted?.virtual(key) === 'no') {
      this.#lookAt({ addresses: [key], routes: [] }, 0);
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
    this.#later(DOUBT_MS, () => {
      this.#doubting = false;
      this.#options.hooks.readEverything();
    });
  }

  #ourRouteChanged(route: Route, gone: boolean): void {
    const { timers, limiter, hooks } = this.#options;
    if (route.dst === null) {
      return;
    }
    const key = prefixKey(route.dst);
    const wanted = this.#wanted?.route(key) !== undefined;
    if (gone && wanted && !this.#deleting.has(routeKey(route))) {
      const decision = limiter.removed(`route ${key}`, timers.now());
      hooks.restored({ type: 'route', prefix: route.dst, contested: decision.type === 'later' });
      this.#lookAt({ addresses: [], routes: [key] }, decision.type === 'later' ? decision.afterMs : 0);
    } else if (!gone && !wanted) {
      this.#lookAt({ addresses: [], routes: [key] }, 0);
    }
  }

  #linkChanged(name: string, index: number): void {
    const { dummy, timers, limiter, hooks } = this.#options;
    if (name !== dummy.name && index !== dummy.index) {
      return;
    }
    if (!dummy.kernelChanged()) {
      return;
    }
    const decision = limiter.removed('interface', timers.now());
    hooks.restored({ type: 'interface', name: dummy.name, contested: decision.type === 'later' });
    this.#later(decision.type === 'later' ? decision.afterMs : 0, () => {
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

  #lookAt(
    keys: { readonly addresses: readonly AddressKey[]; readonly routes: readonly PrefixKey[] },
    ms: number,
  ): void {
    this.#later(ms, () => {
      this.#work.add(keys);
      this.#kick();
    });
  }

  #later(ms: number, action: () => void): void {
    if (ms <= 0) {
      action();
      return;
    }
    const cancel = this.#options.timers.after(ms, () => {
      this.#cancelTimers = this.#cancelTimers.filter((each) => each !== cancel);
      if (!this.#closed) {
        action();
      }
    });
    this.#cancelTimers.push(cancel);
  }

  #kick(): void {
    if (!this.#running && !this.#closed) {
      this.#running = true;
      this.#run().catch((error: unknown) => {
        this.#running = false;
        this.#options.logger.error('Applying the plan failed; it is tried again', { error });
        this.#later(RETRY_MIN_MS, () => {
          this.compareAll();
        });
      });
    }
  }

  async #run(): Promise<void> {
    const { dummy } = this.#options;
    while (!this.#closed && this.#work.size > 0) {
      const index = dummy.ready ? dummy.index : await dummy.ensure();
      if (index === undefined) {
        // Said by the dummy interface itself; whatever it was, it is tried again.
        this.#later(RETRY_MIN_MS, () => {
          this.compareAll();
        });
        break;
      }
      const portion = this.#work.take();
      if (portion !== undefined) {
        await this.#execute(this.#steps(portion, index));
      }
    }
    this.#running = false;
    this.#wakeIdle();
  }

  /** Announce: address, then route. Withdraw: route, then (a grace time later) address. */
  #steps(portion: Portion, index: number): Step[] {
    const addresses = portion.addresses.flatMap((key) => this.#addressSteps(key, index));
    const routes = portion.routes.flatMap((key) => this.#routeSteps(key, index));
    return [
      ...addresses.filter(({ kind }) => kind === 'add'),
      ...routes,
      ...addresses.filter(({ kind }) => kind === 'delete'),
    ];
  }

  #addressSteps(key: AddressKey, index: number): Step[] {
    const { state, timers, graceMs } = this.#options;
    const wanted = this.#wanted?.virtual(key) ?? 'hold';
    const kernelKey = hostAddressKey(index, key);
    const ours = state.ourAddress(kernelKey);
    const now = timers.now();
    const step = decideAddress({
      wanted,
      ours: ours !== undefined,
      foreign: state.foreignAddress(kernelKey) !== undefined,
      graceUntil: this.#grace.get(key),
      now,
    });
    if (wanted === 'yes') {
      this.#grace.delete(key);
    }
    switch (step.type) {
      case 'nothing':
        return [];
      case 'wait':
        this.#lookAt({ addresses: [key], routes: [] }, Math.ceil(step.ms) + 1);
        return [];
      case 'grace':
        this.#grace.set(key, now + graceMs);
        this.#lookAt({ addresses: [key], routes: [] }, graceMs);
        return [];
      case 'add': {
        const address = this.#wanted?.address(key);
        return address === undefined ? [] : [this.#addAddress(key, address, index)];
      }
      case 'delete':
        if (this.#work.routesPending) {
          this.#lookAt({ addresses: [key], routes: [] }, graceMs);
          return [];
        }
        return ours === undefined ? [] : [this.#deleteAddress(key, ours)];
      default:
        return step satisfies never;
    }
  }

  #addAddress(key: AddressKey, address: Address, index: number): Step {
    const added = ourAddress(index, address);
    const { protocol, flags, length } = added;
    return {
      request: addAddress({ index, address, length, ...(protocol === undefined ? {} : { protocol }), flags }),
      kind: 'add',
      key: { address: key },
      done: () => {
        this.#options.state.putAddress(added);
      },
    };
  }

  #deleteAddress(key: AddressKey, ours: InterfaceAddress): Step {
    const kernelKey = interfaceAddressKey(ours);
    this.#deleting.add(kernelKey);
    return {
      request: deleteAddress({ index: ours.index, address: ours.address, length: ours.length }),
      kind: 'delete',
      key: { address: key },
      done: () => {
        this.#grace.delete(key);
        this.#options.state.dropAddress(ours);
      },
    };
  }

  #routeSteps(key: PrefixKey, index: number): Step[] {
    const { state } = this.#options;
    const prefix = this.#wanted?.route(key);
    const right = prefix === undefined ? undefined : ourRoute(index, prefix);
    const steps: Step[] = [];
    if (prefix !== undefined && right !== undefined && !state.hasRoute(right)) {
      steps.push(this.#addRoute(key, prefix, right));
    }
    // After the right one is there: the router must see no gap.
    for (const route of state.ourRoutesTo(key)) {
      if (right !== undefined && routeKey(route) === routeKey(right)) {
        continue;
      }
      if (right !== undefined || deletesRoute(this.#wanted?.holdCount ?? 1)) {
        steps.push(...this.#deleteRoute(key, route));
      }
    }
    return steps;
  }

  #addRoute(key: PrefixKey, dst: Prefix, route: Route): Step {
    const { index, metric, protocol } = route;
    return {
      request: addRoute({ dst, index, metric, protocol }),
      kind: 'add',
      key: { route: key },
      done: () => {
        this.#options.state.putRoute(route);
      },
    };
  }

  #deleteRoute(key: PrefixKey, route: Route): Step[] {
    const { dst, index, metric, protocol, table } = route;
    if (dst === null) {
      return [];
    }
    this.#deleting.add(routeKey(route));
    return [
      {
        request: deleteRoute({ dst, index, metric, protocol, table }),
        kind: 'delete',
        key: { route: key },
        done: () => {
          this.#options.state.dropRoute(route);
        },
      },
    ];
  }

  async #execute(steps: readonly Step[]): Promise<void> {
    if (steps.length === 0) {
      return;
    }
    const results = await this.#options.netlink.execute(steps.map(({ request }) => request));
    this.#deleting.clear();
    const failed = { add: 0, delete: 0 };
    for (const [position, step] of steps.entries()) {
      const result = results[position];
      if (result?.ok === true || (result?.ok === false && isDone(step.kind, result.error))) {
        step.done();
      } else if (result !== undefined) {
        failed[step.kind] += 1;
        this.#failed(step, result.error);
      }
    }
    for (const kind of ['add', 'delete'] as const) {
      const count = steps.filter((step) => step.kind === kind).length;
      if (count > 0) {
        this.#options.hooks.executed(kind, count, failed[kind]);
      }
    }
    if (failed.add + failed.delete === 0) {
      this.#retry.delayMs = RETRY_MIN_MS;
      if (this.#retry.addresses.size + this.#retry.routes.size === 0) {
        this.#options.hooks.problem(undefined);
      }
    }
  }

  #failed(step: Step, error: NetlinkError): void {
    const { dummy, hooks } = this.#options;
    if (error.code === 'ENODEV' || error.code === 'ENETDOWN') {
      dummy.lost();
    }
    if (step.kind === 'add' && error.code === 'EEXIST') {
      hooks.surprised();
    } else {
      hooks.problem(error);
    }
    const first = this.#retry.addresses.size + this.#retry.routes.size === 0;
    if (step.key.address !== undefined) {
      this.#retry.addresses.add(step.key.address);
    }
    if (step.key.route !== undefined) {
      this.#retry.routes.add(step.key.route);
    }
    if (first) {
      this.#later(this.#retry.delayMs, () => {
        const { addresses, routes } = this.#retry;
        this.#retry = {
          addresses: new Set(),
          routes: new Set(),
          delayMs: Math.min(this.#retry.delayMs * 2, RETRY_MAX_MS),
        };
        this.#lookAt({ addresses: [...addresses], routes: [...routes] }, 0);
      });
    }
  }

  #wakeIdle(): void {
    for (const resolve of this.#idle.splice(0)) {
      resolve();
    }
  }
}
