import { formatAddress, formatPrefix, prefixContains } from '@fairlead/api';
import type { Address, Prefix } from '@fairlead/api';
import { NetlinkError } from '@fairlead/netlink';
import type { Link, NetlinkRequest, NetlinkResult } from '@fairlead/netlink';
import { link } from '../facts/testing.ts';
import type { Timers } from './timers.ts';

const ERRNO = { EEXIST: 17, ENODEV: 19, ESRCH: 3, EADDRNOTAVAIL: 99, ENOBUFS: 105 } as const;

/** Time that passes only when it is told to, or when nobody has anything to do. */
export class ManualTimers implements Timers {
  #now = 0;
  readonly #waiting = new Map<number, { readonly at: number; readonly callback: () => void }>();
  #last = 0;

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    this.#last += 1;
    const id = this.#last;
    this.#waiting.set(id, { at: this.#now + ms, callback });
    return () => {
      this.#waiting.delete(id);
    };
  }

  /** So many ms go by, without anything that was waiting for them. */
  pass(ms: number): void {
    this.#now += ms;
  }

  /** Goes on to what comes next, and does it. @returns false where nothing waits, or not within so many ms */
  next(withinMs = Infinity): boolean {
    const [id, first] = [...this.#waiting].sort(([, a], [, b]) => a.at - b.at)[0] ?? [];
    if (id === undefined || first === undefined || first.at > this.#now + withinMs) {
      return false;
    }
    this.#waiting.delete(id);
    this.#now = Math.max(this.#now, first.at);
    first.callback();
    return true;
  }
}

interface ModelRoute {
  readonly dst: Prefix;
  readonly index: number;
}

/**
 * As much of a kernel as the virtual applier meets, for tests of the order in which it asks for things: one route for each
 * network and metric, and the IPv4 routes of an interface that go with its last IPv4 address.
 */
export class ModelKernel {
  readonly #timers: ManualTimers;
  readonly #fails: () => boolean;
  readonly #links = new Map<number, Link>();
  readonly #addresses = new Map<string, { readonly address: Address; readonly index: number }>();
  readonly #routes = new Map<string, ModelRoute>();
  /** When each network had a route last, by its text. */
  readonly routeGoneAt = new Map<string, number>();
  /** After each change. */
  observe: (request: NetlinkRequest) => void = () => undefined;

  /** @param options.fails whether the next request fails; each takes a millisecond */
  constructor(options: { readonly timers: ManualTimers; readonly fails?: () => boolean }) {
    this.#timers = options.timers;
    this.#fails = options.fails ?? (() => false);
  }

  links(): Promise<Link[]> {
    return Promise.resolve([...this.#links.values()]);
  }

  drained(): boolean {
    return true;
  }

  async execute(requests: readonly NetlinkRequest[]): Promise<readonly NetlinkResult[]> {
    // As it is in the end with many requests: whoever asks goes on first.
    await Promise.resolve();
    return requests.map((request) => this.#do(request));
  }

  get addresses(): string[] {
    return [...this.#addresses.values()].map(({ address, index }) => `${formatAddress(address)} ${index}`).sort();
  }

  get routes(): string[] {
    return [...this.#routes.values()].map(({ dst, index }) => `${formatPrefix(dst)} ${index}`).sort();
  }

  /** Whether a router would bring traffic for the address to this node. */
  attracts(address: Address): boolean {
    return this.#routes.values().some(({ dst }) => prefixContains(dst, address));
  }

  /** Whether the address is on some interface. */
  has(address: Address): boolean {
    return this.#addresses.values().some((each) => formatAddress(each.address) === formatAddress(address));
  }

  /** Others remove an address, as {@link addresses} has it. */
  take(address: string): void {
    this.#addresses.delete(address);
  }

  #do(request: NetlinkRequest): NetlinkResult {
    this.#timers.pass(1);
    const errno = this.#fails() ? ERRNO.ENOBUFS : this.#change(request);
    if (errno !== undefined) {
      return { ok: false, error: new NetlinkError(request.kind, { errno }) };
    }
    this.observe(request);
    return { ok: true };
  }

  /** @returns the error number, where it is refused */
  #change(request: NetlinkRequest): number | undefined {
    switch (request.kind) {
      case 'addLink': {
        const index = 4 + this.#links.size;
        this.#links.set(index, link(index, request.name, { kind: request.linkKind }));
        return undefined;
      }
      case 'addAddress': {
        const key = `${formatAddress(request.address)} ${request.index}`;
        if (this.#addresses.has(key)) {
          return ERRNO.EEXIST;
        }
        this.#addresses.set(key, { address: request.address, index: request.index });
        return undefined;
      }
      case 'deleteAddress':
        return this.#deleteAddress(request.address, request.index);
      case 'addRoute': {
        const text = formatPrefix(request.dst);
        if (this.#routes.has(text) && request.replace !== true) {
          return ERRNO.EEXIST;
        }
        this.#routes.set(text, { dst: request.dst, index: request.index ?? 0 });
        return undefined;
      }
      case 'deleteRoute': {
        const text = formatPrefix(request.dst);
        if (this.#routes.get(text)?.index !== request.index) {
          return ERRNO.ESRCH;
        }
        this.#dropRoute(text);
        return undefined;
      }
      case 'setLink':
      case 'deleteLink':
        return undefined;
      default:
        return request satisfies never;
    }
  }

  #deleteAddress(address: Address, index: number): number | undefined {
    if (!this.#addresses.delete(`${formatAddress(address)} ${index}`)) {
      return ERRNO.EADDRNOTAVAIL;
    }
    const left = this.#addresses.values().some((each) => each.index === index && each.address.family === 'IPv4');
    if (address.family === 'IPv4' && !left) {
      for (const [text, route] of this.#routes) {
        if (route.index === index && route.dst.address.family === 'IPv4') {
          this.#dropRoute(text);
        }
      }
    }
    return undefined;
  }

  #dropRoute(text: string): void {
    this.#routes.delete(text);
    this.routeGoneAt.set(text, this.#timers.now());
  }
}
