import { routeKey } from '../facts/kernel-state.ts';
import type { KernelState, OurRoute } from '../facts/kernel-state.ts';
import { prefixOfKey } from '../plan/keys.ts';
import type { PrefixKey } from '../plan/keys.ts';
import { ourRoute } from './kernel-objects.ts';
import { addRouteStep, deleteRouteStep } from './step.ts';
import type { Step } from './step.ts';
import type { WantedVirtual } from './wanted-virtual.ts';

/** What {@link announceRoute} and {@link withdrawRoute} go by. */
export interface RouteSituation {
  readonly state: KernelState;
  readonly wanted: WantedVirtual;
  /** Index of the interface for virtual addresses. */
  readonly index: number;
}

/**
 * How a network comes to be announced, if it is wanted and is not yet. Pure.
 * @returns the steps, and whether there are others of our routes to it, which {@link withdrawRoute} is to see
 */
export function announceRoute(
  key: PrefixKey,
  { state, wanted, index }: RouteSituation,
): { readonly steps: readonly Step[]; readonly others: boolean } {
  const prefix = wanted.route(key);
  const all = state.ourRoutesTo(key);
  if (prefix === undefined) {
    return { steps: [], others: all.length > 0 };
  }
  const right = ourRoute(index, prefix);
  if (state.hasRoute(right)) {
    return { steps: [], others: all.length > 1 };
  }
  const replaces = all.find(({ metric, table }) => metric === right.metric && table === right.table);
  return { steps: [addRouteStep(state, { key, dst: prefix, route: right, replaces })], others: all.length > 0 };
}

/** What to remove of our routes to a network: all but the right one, which has to be there first. Pure. */
export function withdrawRoute(key: PrefixKey, { state, wanted, index }: RouteSituation): Step[] {
  const prefix = wanted.route(key);
  const remove = (routes: readonly OurRoute[]): Step[] =>
    routes.map((route) => deleteRouteStep(state, { key, dst: prefix ?? prefixOfKey(key), route }));
  const all = state.ourRoutesTo(key);
  if (prefix === undefined) {
    return wanted.holds(prefixOfKey(key)) ? [] : remove(all);
  }
  const right = routeKey(ourRoute(index, prefix));
  return all.some((route) => routeKey(route) === right) ? remove(all.filter((route) => routeKey(route) !== right)) : [];
}
