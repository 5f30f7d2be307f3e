import { sameAddress } from '@fairlead/api';
import type { Timers } from '../apply/timers.ts';
import { hostAddressKey } from '../facts/kernel-state.ts';
import type { KernelState } from '../facts/kernel-state.ts';
import { addressKey } from '../plan/keys.ts';
import type { AddressKey } from '../plan/keys.ts';
import type { Planner } from '../plan/planner.ts';
import type { ServiceFacts } from '../plan/types.ts';

/** By then an address is off the interface, or somebody needs it again. */
const REMEMBERED_MS = 60_000;

/** A Service that has let an address go. */
export type Departed = Pick<ServiceFacts, 'key' | 'uid'>;

/**
 * The last Service that needed a local address which is here. The plan forgets it with the address; but it is on that
 * Service, which may live on, that the withdrawal is to be seen.
 */
export class Departures {
  readonly #timers: Timers;
  readonly #last = new Map<AddressKey, Departed>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /**
   * A Service is about to change in the plan: remembers it for the addresses that it alone has, and will no longer have.
   * @param after undefined where it is gone
   */
  observe(
    before: ServiceFacts | undefined,
    after: ServiceFacts | undefined,
    {
      planner,
      state,
    }: { readonly planner: Pick<Planner, 'candidate'>; readonly state: Pick<KernelState, 'ourAddress'> },
  ): void {
    for (const address of before?.addresses ?? []) {
      const key = addressKey(address);
      const candidate = planner.candidate(key);
      const stays = after?.addresses.some((each) => sameAddress(each, address)) === true;
      const here =
        candidate?.services.length === 1 &&
        state.ourAddress(hostAddressKey(candidate.interfaceIndex, key)) !== undefined;
      if (before !== undefined && here && !stays) {
        this.#remember(key, { key: before.key, uid: before.uid });
      }
    }
  }

  /** The last Service of an address that has gone, once. */
  take(key: AddressKey): Departed | undefined {
    const departed = this.#last.get(key);
    this.#last.delete(key);
    return departed;
  }

  #remember(key: AddressKey, departed: Departed): void {
    this.#last.set(key, departed);
    this.#timers.after(REMEMBERED_MS, () => {
      if (this.#last.get(key) === departed) {
        this.#last.delete(key);
      }
    });
  }
}
