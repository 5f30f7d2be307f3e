import { hostAddressKey } from '../facts/kernel-state.ts';
import type { KernelState } from '../facts/kernel-state.ts';
import type { AddressMark } from '../facts/ownership.ts';
import type { AddressKey } from '../plan/keys.ts';
import { decideAddress } from './decide.ts';
import { addAddressStep, deleteAddressStep } from './step.ts';
import type { Step } from './step.ts';
import type { Timers } from './timers.ts';
import type { WantedVirtual } from './wanted-virtual.ts';

export interface AddressStepsOptions {
  readonly state: KernelState;
  readonly timers: Timers;
  readonly mark: AddressMark;
  /** Time between the withdrawal of a route and that of its address, ms. */
  readonly graceMs: number;
  /** Has an address looked at again after so many ms. */
  readonly lookAgain: (key: AddressKey, ms: number) => void;
}

/** What to do about addresses on the interface; remembers which of them are in their grace time. */
export class AddressSteps {
  readonly #options: AddressStepsOptions;
  readonly #grace = new Map<AddressKey, number>();

  constructor(options: AddressStepsOptions) {
    this.#options = options;
  }

  /**
   * What to do about one address now.
   * @param situation.routesPending whether a route is still to be looked at: until then no address goes
   */
  of(
    key: AddressKey,
    situation: {
      readonly wanted: WantedVirtual | undefined;
      readonly index: number;
      readonly routesPending: boolean;
    },
  ): Step[] {
    const { state, timers, mark, graceMs, lookAgain } = this.#options;
    const { index, routesPending } = situation;
    const wanted = situation.wanted?.virtual(key) ?? 'hold';
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
        lookAgain(key, Math.ceil(step.ms) + 1);
        return [];
      case 'grace':
        this.#grace.set(key, now + graceMs);
        lookAgain(key, graceMs);
        return [];
      case 'add': {
        const address = situation.wanted?.address(key);
        return address === undefined ? [] : [addAddressStep(state, { key, address, index, mark })];
      }
      case 'delete':
        if (routesPending) {
          lookAgain(key, graceMs);
          return [];
        }
        return ours === undefined ? [] : [this.#endingGrace(key, deleteAddressStep(state, { key, ours }))];
      default:
        return step satisfies never;
    }
  }

  #endingGrace(key: AddressKey, step: Step): Step {
    return {
      ...step,
      done: () => {
        this.#grace.delete(key);
        step.done();
      },
    };
  }
}
