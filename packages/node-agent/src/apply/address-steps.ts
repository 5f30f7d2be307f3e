import { hostAddressKey } from '../facts/kernel-state.ts';
import type { KernelState, OurAddress } from '../facts/kernel-state.ts';
import type { AddressMark } from '../facts/ownership.ts';
import { hostKey } from '../plan/keys.ts';
import type { AddressKey } from '../plan/keys.ts';
import { decideAddress } from './decide.ts';
import type { Grace } from './grace.ts';
import { addAddressStep, deleteAddressStep } from './step.ts';
import type { Step } from './step.ts';
import type { WantedVirtual } from './wanted-virtual.ts';
import type { Stage } from './work.ts';

export interface AddressStepsOptions {
  readonly state: KernelState;
  readonly mark: AddressMark;
  readonly grace: Grace;
  /** Has an address looked at once more when the routes that are to go are gone; `stage`: where it was looked at now. */
  readonly later: (key: AddressKey, stage: Stage) => void;
}

/** What {@link AddressSteps.of} goes by. */
export interface AddressSituationNow {
  readonly stage: Stage;
  readonly wanted: WantedVirtual;
  /** Index of the interface for virtual addresses. */
  readonly index: number;
  /** Indexes of those that were it before. */
  readonly formers: ReadonlySet<number>;
  /** Whether routes of ours are on those: the IPv4 ones would go with the last IPv4 address. */
  readonly routesOnFormers: boolean;
}

/** What to do about addresses on the interface for virtual ones, and on those that were it before. */
export class AddressSteps {
  readonly #options: AddressStepsOptions;

  constructor(options: AddressStepsOptions) {
    this.#options = options;
  }

  /** What to do about one address now. */
  of(key: AddressKey, { stage, wanted, index, formers, routesOnFormers }: AddressSituationNow): Step[] {
    const { state, mark, grace, later } = this.#options;
    const kernelKey = hostAddressKey(index, key);
    const ours = state.ourAddress(kernelKey);
    const strays = [...formers].flatMap((former) => state.ourAddress(hostAddressKey(former, key)) ?? []);
    const is = wanted.virtual(key);
    const decision = decideAddress({
      wanted: is,
      ours: ours !== undefined,
      foreign: state.foreignAddress(kernelKey) !== undefined,
      stray: strays.length > 0,
      routesGone:
        stage === 'withdraw' && !this.#hasUnwantedRoute(key, wanted) && !(strays.length > 0 && routesOnFormers),
      grace: grace.of(key),
    });
    if (is === 'yes' || (ours === undefined && strays.length === 0)) {
      grace.forget(key);
    }
    switch (decision) {
      case 'nothing':
        return [];
      case 'later':
        later(key, stage);
        return [];
      case 'grace':
        grace.begin(key);
        return [];
      case 'add': {
        const address = wanted.address(key);
        const added = address && addAddressStep(state, { key, address, index, mark });
        return added === undefined ? [] : [strays.length === 0 ? added : this.#andThenTidy(key, added)];
      }
      case 'tidy':
        return this.#delete(key, strays);
      case 'delete':
        return this.#delete(key, [...(ours === undefined ? [] : [ours]), ...strays]);
      default:
        return decision satisfies never;
    }
  }

  /** Its own route is there though nobody wants it: the kernel would not let it go. */
  #hasUnwantedRoute(key: AddressKey, wanted: WantedVirtual): boolean {
    const route = hostKey(key);
    return wanted.route(route) === undefined && this.#options.state.ourRoutesTo(route).length > 0;
  }

  #andThenTidy(key: AddressKey, step: Step): Step {
    return {
      ...step,
      done: () => {
        step.done();
        this.#options.later(key, 'announce');
      },
    };
  }

  #delete(key: AddressKey, doomed: readonly OurAddress[]): Step[] {
    return doomed.map((each) => {
      const step = deleteAddressStep(this.#options.state, { key, ours: each });
      return {
        ...step,
        done: () => {
          this.#options.grace.forget(key);
          step.done();
        },
      };
    });
  }
}
