import { hostAddressKey, routeKey } from '../facts/kernel-state.ts';
import type { KernelState } from '../facts/kernel-state.ts';
import { addressKey, prefixKey } from '../plan/keys.ts';
import type { AddressKey, PrefixKey } from '../plan/keys.ts';
import { ourRoute } from './kernel-objects.ts';
import type { WantedVirtual } from './wanted-virtual.ts';
import type { Portion } from './work.ts';

/**
 * The keys of everything that is wanted and not there, and of everything of ours that is there and not wanted. Pure.
 * @param options.dummyIndex index of the interface for virtual addresses; undefined: there is none
 * @param options.formers those that were it before, or look as if they had been
 */
export function differences(options: {
  readonly wanted: WantedVirtual;
  readonly state: KernelState;
  readonly dummyIndex: number | undefined;
  readonly formers: ReadonlySet<number>;
}): Portion {
  return {
    addresses: [...missingAddresses(options), ...unwantedAddresses(options)],
    routes: [...missingRoutes(options), ...unwantedRoutes(options)],
  };
}

type Sides = Parameters<typeof differences>[0];

function* missingAddresses({ wanted, state, dummyIndex }: Sides): Iterable<AddressKey> {
  for (const [key] of wanted.virtualAddresses()) {
    if (dummyIndex === undefined || state.ourAddress(hostAddressKey(dummyIndex, key)) === undefined) {
      yield key;
    }
  }
}

function* unwantedAddresses({ wanted, state, dummyIndex, formers }: Sides): Iterable<AddressKey> {
  for (const { index, address } of state.ourAddresses) {
    if (formers.has(index) || (index === dummyIndex && wanted.virtual(addressKey(address)) === 'no')) {
      yield addressKey(address);
    }
  }
}

function* missingRoutes({ wanted, state, dummyIndex }: Sides): Iterable<PrefixKey> {
  for (const [key, prefix] of wanted.routes()) {
    if (dummyIndex === undefined || !state.hasRoute(ourRoute(dummyIndex, prefix))) {
      yield key;
    }
  }
}

function* unwantedRoutes({ wanted, state, dummyIndex }: Sides): Iterable<PrefixKey> {
  for (const route of state.ourRoutes) {
    const key = route.dst === null ? undefined : prefixKey(route.dst);
    const prefix = key === undefined ? undefined : wanted.route(key);
    const right = prefix === undefined || dummyIndex === undefined ? undefined : ourRoute(dummyIndex, prefix);
    if (key !== undefined && (right === undefined || routeKey(route) !== routeKey(right))) {
      yield key;
    }
  }
}
