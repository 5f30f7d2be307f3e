import type { AddressKey } from '../plan/keys.ts';
import type { GraceState } from './decide.ts';
import type { Delays } from './delays.ts';
import type { Timers } from './timers.ts';
import type { Portion } from './work.ts';

export interface GraceOptions {
  readonly timers: Timers;
  readonly delays: Delays;
  /** Time between the withdrawal of a route and that of its address, ms; read at each use, because it can change. */
  readonly graceMs: () => number;
  /** Looks at addresses whose time is over. */
  readonly lookAt: (keys: Portion) => void;
}

/**
 * Addresses that nobody wants any more and that stay for a moment, for what is under way to them. One timer for all: ten
 * thousand may end together. It begins anew with each life of the agent, so that it is never too short.
 */
export class Grace {
  readonly #options: GraceOptions;
  /** When it ends, in the order in which it began. */
  readonly #running = new Map<AddressKey, number>();
  readonly #over = new Set<AddressKey>();
  #waiting = false;

  constructor(options: GraceOptions) {
    this.#options = options;
  }

  of(key: AddressKey): GraceState {
    return this.#over.has(key) ? 'over' : this.#running.has(key) ? 'running' : 'none';
  }

  /** Its route is gone: its time begins. */
  begin(key: AddressKey): void {
    const { timers, graceMs } = this.#options;
    this.#running.set(key, timers.now() + graceMs());
    this.#wait();
  }

  /** It is wanted again, or gone. */
  forget(key: AddressKey): void {
    this.#running.delete(key);
    this.#over.delete(key);
  }

  #wait(): void {
    const { timers, delays } = this.#options;
    const [first] = this.#running.values();
    if (this.#waiting || first === undefined) {
      return;
    }
    this.#waiting = true;
    // Timers can be early.
    delays.after(Math.max(1, Math.ceil(first - timers.now())), () => {
      this.#waiting = false;
      this.#end();
      this.#wait();
    });
  }

  #end(): void {
    const { timers, lookAt } = this.#options;
    const now = timers.now();
    const addresses: AddressKey[] = [];
    for (const [key, until] of this.#running) {
      if (until > now) {
        break;
      }
      this.#running.delete(key);
      this.#over.add(key);
      addresses.push(key);
    }
    if (addresses.length > 0) {
      lookAt({ addresses, routes: [] });
    }
  }
}
