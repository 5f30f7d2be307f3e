import type { Address, Prefix } from '@fairlead/api';
import { addAddress, addRoute, deleteAddress, deleteRoute } from '@fairlead/netlink';
import type { NetlinkRequest, Route } from '@fairlead/netlink';
import { interfaceAddressKey, routeKey } from '../facts/kernel-state.ts';
import type { KernelState, OurAddress, OurRoute } from '../facts/kernel-state.ts';
import type { AddressMark } from '../facts/ownership.ts';
import type { AddressKey, PrefixKey } from '../plan/keys.ts';
import { ourAddress } from './kernel-objects.ts';

/** One request to the kernel with what it means to us. */
export interface Step {
  readonly request: NetlinkRequest;
  readonly kind: 'add' | 'delete';
  /** What to look at again when it fails. */
  readonly key: { readonly address?: AddressKey; readonly route?: PrefixKey };
  /** The kernel's key of what it adds: others may have taken that away again before we hear that it was done. */
  readonly adds?: string;
  /** The kernel's key of what it deletes: while it is under way, the event of that is no news. */
  readonly deletes?: string;
  /** What holds once the kernel has done it. */
  readonly done: () => void;
}

/** Puts an address of ours on the interface. */
export function addAddressStep(
  state: KernelState,
  {
    key,
    ...object
  }: {
    readonly key: AddressKey;
    readonly address: Address;
    readonly index: number;
    readonly mark: AddressMark;
  },
): Step {
  const added = ourAddress(object);
  const { index, address, length, protocol, metric, flags } = added;
  return {
    request: addAddress({ index, address, length, protocol, metric, flags }),
    kind: 'add',
    key: { address: key },
    adds: interfaceAddressKey(added),
    done: () => {
      state.putAddress(added);
    },
  };
}

/** Takes an address of ours off its interface. */
export function deleteAddressStep(
  state: KernelState,
  { key, ours }: { readonly key: AddressKey; readonly ours: OurAddress },
): Step {
  return {
    request: deleteAddress({ index: ours.index, address: ours.address, length: ours.length }),
    kind: 'delete',
    key: { address: key },
    deletes: interfaceAddressKey(ours),
    done: () => {
      state.dropAddress(ours);
    },
  };
}

/**
 * Sets a route of ours to `dst`.
 * @param options.replaces one of ours that the kernel takes for the same (network and metric), on another interface: it gives
 *   way in the same moment, so that a router sees no gap
 */
export function addRouteStep(
  state: KernelState,
  {
    key,
    dst,
    route,
    replaces,
  }: {
    readonly key: PrefixKey;
    readonly dst: Prefix;
    readonly route: Route;
    readonly replaces: OurRoute | undefined;
  },
): Step {
  const { index, metric, protocol } = route;
  return {
    request: addRoute({ dst, index, metric, protocol, replace: replaces !== undefined }),
    kind: 'add',
    key: { route: key },
    adds: routeKey(route),
    done: () => {
      if (replaces !== undefined) {
        state.dropRoute(replaces);
      }
      state.putRoute(route);
    },
  };
}

/** Removes a route of ours to `dst`. */
export function deleteRouteStep(
  state: KernelState,
  { key, dst, route }: { readonly key: PrefixKey; readonly dst: Prefix; readonly route: OurRoute },
): Step {
  const { index, metric, protocol, table } = route;
  return {
    request: deleteRoute({ dst, index, metric, protocol, table }),
    kind: 'delete',
    key: { route: key },
    deletes: routeKey(route),
    done: () => {
      state.dropRoute(route);
    },
  };
}
