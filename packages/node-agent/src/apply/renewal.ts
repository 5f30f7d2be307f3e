import type { InterfaceAddress, Netlink } from '@fairlead/netlink';
import type { Logger } from '@fairlead/runtime';
import type { LocalAddress } from '../election/types.ts';
import { interfaceAddressKey } from '../facts/kernel-state.ts';
import type { KernelState, OurAddress } from '../facts/kernel-state.ts';
import type { LocalAddresses } from './local-addresses.ts';
import type { Timers } from './timers.ts';

/** So many addresses are renewed at once, and a second apart at least: IPv6 renewals cost O(n²) under the routing lock. */
export const RENEWED_A_SECOND = 64;
/** A loop that was later than this for its own timer may act on old news (as for the watch of the LAN). */
const ON_TIME_MS = 50;
/**
 * What the kernel said may be no older than this: sooner nobody believes a node dead and proves its addresses free. Reading
 * 10,000 addresses takes some 50 ms, and longer where others want the processor.
 */
const FRESH_MS = 400;
/** The least time between two rounds. */
const SHORTEST_PAUSE_MS = 1_000;
/** After a round that failed, or in which the kernel refused something. */
const RETRY_MS = 1_000;
/**
 * After a round for which the loop was late or had something to read first. On a machine that is busy for seconds there
 * are not many moments in which it is on time, and to look for one costs nothing.
 */
const LATE_RETRY_MS = 100;
/** When a first look is taken: what a past life renewed last may have little left. */
const FIRST_LOOK_MS = 100;
/** No timer of Node runs for longer than 24 days, and lifetimes may be years. */
const LONGEST_WAIT_MS = 3_600_000;
/** All addresses are renewed within this part of their lifetime, once they are past its half. */
const SPREAD = 1 / 8;

/**
 * Which of our addresses are due: those past half of the lifetime that they should have, and those that have more than it
 * (it was shortened since), the shortest first. Pure.
 * @param options.remembered the lifetime is what a past life wrote down: it may have been set longer since, so what has
 * more than it keeps that
 */
export function dueForRenewal(
  addresses: Iterable<InterfaceAddress>,
  options: { readonly lifetimeMs: number; readonly limit: number; readonly remembered?: boolean },
): InterfaceAddress[] {
  const lifetime = options.lifetimeMs / 1000;
  const most = options.remembered === true ? Number.POSITIVE_INFINITY : Math.ceil(lifetime);
  return [...addresses]
    .filter(({ validLifetime }) => validLifetime <= lifetime / 2 || validLifetime > most)
    .sort((a, b) => a.validLifetime - b.validLifetime)
    .slice(0, options.limit);
}

/**
 * The lifetime that addresses get, ms: as set, but never so short that they could not all be renewed in time. They may all
 * be due at once, at half of it, and half of what is then left has to be enough for a turn of each. In powers of two, or
 * one address more or less would change the lifetime of all. Pure.
 */
export function sustainableLifetime(options: { readonly lifetimeMs: number; readonly count: number }): number {
  const count = 2 ** Math.ceil(Math.log2(Math.max(1, options.count)));
  return Math.max(options.lifetimeMs, (count / RENEWED_A_SECOND) * 4 * 1000);
}

/**
 * Milliseconds between two rounds: as long as it may be for all addresses to have their turn within an eighth of the
 * lifetime. Each round reads all addresses of the node from the kernel, which with 10,000 of them takes some 50 ms. Pure.
 */
export function pauseBetweenRounds(options: { readonly lifetimeMs: number; readonly count: number }): number {
  const rounds = Math.ceil(options.count / RENEWED_A_SECOND);
  return Math.max(SHORTEST_PAUSE_MS, (options.lifetimeMs * SPREAD) / Math.max(1, rounds));
}

export interface RenewalOptions {
  readonly netlink: Pick<Netlink, 'addresses' | 'drained'>;
  readonly state: KernelState;
  readonly local: LocalAddresses;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly lifetimeMs: () => number;
  /** Whether that is no more than what a past life wrote down. Call {@link Renewal.soon} when it is more. */
  readonly remembered: () => boolean;
  /** Whether the address is to be on its interface now. */
  readonly holds: (address: LocalAddress) => boolean;
  /** It should be there and is not: it goes through the proof again. */
  readonly gone: (address: LocalAddress) => void;
  readonly renewed: (count: number, failed: number) => void;
}

/**
 * Renews the lifetimes of local addresses soon after half of them. A renewal creates what is not there, and an address
 * that was lost meanwhile may have another holder: so nothing is renewed unless this loop is on time, every event of the
 * kernel has been seen, and the address is in a fresh dump with our mark. Without local addresses nothing runs.
 */
export class Renewal {
  readonly #options: RenewalOptions;
  /** The round that is waited for; undefined while there is nothing to renew. */
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;
  #running = false;
  #closed = false;

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  /** There are addresses of a past life, or the lifetime has been changed: looks at all of them at once. */
  soon(): void {
    this.#wait(FIRST_LOOK_MS);
  }

  /** Addresses were added, with their whole lifetime. */
  added(): void {
    this.#wait(this.#options.lifetimeMs() / 2);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  /** Waits so long for the next round, or as long as is waited already if that is shorter. */
  #wait(ms: number): void {
    const { timers } = this.#options;
    const at = timers.now() + ms;
    if (this.#closed || (this.#timer !== undefined && this.#timer.at <= at)) {
      return;
    }
    this.#timer?.cancel();
    const cancel = timers.after(Math.min(ms, LONGEST_WAIT_MS), () => {
      this.#timer = undefined;
      if (ms > LONGEST_WAIT_MS) {
        this.#wait(at - timers.now());
      } else if (this.#running) {
        this.#wait(RETRY_MS);
      } else {
        void this.#run(at);
      }
    });
    this.#timer = { at, cancel };
  }

  async #run(planned: number): Promise<void> {
    const { timers, logger } = this.#options;
    this.#running = true;
    let next: number | undefined = RETRY_MS;
    try {
      next = await this.#round(timers.now() - planned);
    } catch (error) {
      logger.warn('Renewing lifetimes failed; it is tried again', { error });
    }
    this.#running = false;
    if (next !== undefined) {
      this.#wait(next);
    }
  }

  /** One round. @returns how long to wait for the next one, in ms; undefined where there is nothing to renew */
  async #round(lateMs: number): Promise<number | undefined> {
    const { netlink, state, timers, lifetimeMs, remembered, holds, gone, local } = this.#options;
    const held = [...state.ourAddresses].filter((each) => holds(asLocal(each)));
    if (held.length === 0) {
      return undefined;
    }
    if (lateMs > ON_TIME_MS || !netlink.drained()) {
      return LATE_RETRY_MS;
    }
    const started = timers.now();
    const dump = (await netlink.addresses()).filter(
      (each) => state.ourAddress(interfaceAddressKey(each)) !== undefined,
    );
    const there = new Set(dump.map(interfaceAddressKey));
    for (const lost of held.filter((each) => !there.has(interfaceAddressKey(each)))) {
      state.dropAddress(lost);
      gone(asLocal(lost));
    }
    const current = dump.filter((each) => holds(asLocal(each)));
    const due = new Set(
      dueForRenewal(current, { lifetimeMs: lifetimeMs(), limit: RENEWED_A_SECOND, remembered: remembered() }),
    );
    if (due.size > 0) {
      if (timers.now() - started > FRESH_MS || !netlink.drained()) {
        // A reading of very many costs something.
        return RETRY_MS;
      }
      const still = [...due]
        .filter((each) => state.ourAddress(interfaceAddressKey(each)) !== undefined)
        .map(asLocal)
        .filter(holds);
      const failed = await local.renew(still);
      this.#options.renewed(still.length, failed);
      if (failed > 0) {
        return RETRY_MS;
      }
    }
    const soonest = current
      .filter((each) => !due.has(each))
      .reduce((least, { validLifetime }) => Math.min(least, validLifetime * 1000), lifetimeMs());
    return Math.max(
      pauseBetweenRounds({ lifetimeMs: lifetimeMs(), count: current.length }),
      soonest - lifetimeMs() / 2,
    );
  }
}

function asLocal({ address, index }: OurAddress): LocalAddress {
  return { address, interfaceIndex: index };
}
