import type { InterfaceAddress, Netlink } from '@fairlead/netlink';
import type { Logger } from '@fairlead/runtime';
import type { LocalAddress } from '../election/types.ts';
import { interfaceAddressKey } from '../facts/kernel-state.ts';
import type { KernelState } from '../facts/kernel-state.ts';
import type { LocalAddresses } from './local-addresses.ts';
import type { Timers } from './timers.ts';

/** So many addresses are renewed at once, and a second apart: IPv6 renewals cost O(n²) under the routing lock. */
export const RENEWED_A_SECOND = 64;
/** A loop that was later than this for its own timer may act on old news (as for the watch of the LAN). */
const ON_TIME_MS = 50;
/** How often it is looked whether anything is due. */
const LOOK_MS = 1_000;

/**
 * Which of our addresses are due: those past half of the lifetime that they should have, and those that have more than it
 * (it was shortened since), the shortest first. Pure.
 */
export function dueForRenewal(
  addresses: Iterable<InterfaceAddress>,
  options: { readonly lifetimeMs: number; readonly limit: number },
): InterfaceAddress[] {
  const lifetime = options.lifetimeMs / 1000;
  return [...addresses]
    .filter(({ validLifetime }) => validLifetime <= lifetime / 2 || validLifetime > Math.ceil(lifetime))
    .sort((a, b) => a.validLifetime - b.validLifetime)
    .slice(0, options.limit);
}

export interface RenewalOptions {
  readonly netlink: Pick<Netlink, 'addresses' | 'drained'>;
  readonly state: KernelState;
  readonly local: LocalAddresses;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly lifetimeMs: () => number;
  /** Whether the address is to be on its interface now. */
  readonly holds: (address: LocalAddress) => boolean;
  /** It should be there and is not: it goes through the proof again. */
  readonly gone: (address: LocalAddress) => void;
  readonly renewed: (count: number, failed: number) => void;
}

/**
 * Renews the lifetimes of local addresses at half of them. A renewal creates what is not there, and an address that was
 * lost meanwhile may have another holder: so nothing is renewed unless this loop is on time, every event of the kernel has
 * been seen, and the address is in a fresh dump with our mark.
 */
export class Renewal {
  readonly #options: RenewalOptions;
  #cancel: () => void = () => undefined;
  #nextDump = 0;
  #closed = false;

  constructor(options: RenewalOptions) {
    this.#options = options;
    this.#schedule();
  }

  /** The lifetime has been changed: looks at all of them with the next round. */
  soon(): void {
    this.#nextDump = 0;
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #schedule(): void {
    const { timers, logger } = this.#options;
    const planned = timers.now() + LOOK_MS;
    this.#cancel = timers.after(LOOK_MS, () => {
      this.#round(timers.now() - planned)
        .catch((error: unknown) => {
          logger.warn('Renewing lifetimes failed; it is tried again', { error });
        })
        .finally(() => {
          if (!this.#closed) {
            this.#schedule();
          }
        });
    });
  }

  async #round(lateMs: number): Promise<void> {
    const { netlink, state, timers, lifetimeMs, holds, gone, local } = this.#options;
    // Lifetimes are known as of the last dump: until the first of them can be due there is nothing to look at.
    if (timers.now() < this.#nextDump || lateMs > ON_TIME_MS || !netlink.drained()) {
      return;
    }
    const held = [...state.ourAddresses].filter((each) => holds(asLocal(each)));
    if (held.length === 0) {
      return;
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
    const due = dueForRenewal(current, { lifetimeMs: lifetimeMs(), limit: RENEWED_A_SECOND });
    if (due.length > 0 && timers.now() - started <= ON_TIME_MS && netlink.drained()) {
      const still = due.map(asLocal).filter(holds);
      const failed = await local.renew(still);
      this.#options.renewed(still.length, failed);
    }
    const rest = current.length > due.length ? current.filter((each) => !due.includes(each)) : [];
    const soonest = Math.min(lifetimeMs(), ...rest.map(({ validLifetime }) => validLifetime * 1000));
    this.#nextDump = started + Math.max(LOOK_MS, soonest - lifetimeMs() / 2);
  }
}

function asLocal({ address, index }: InterfaceAddress): LocalAddress {
  return { address, interfaceIndex: index };
}
