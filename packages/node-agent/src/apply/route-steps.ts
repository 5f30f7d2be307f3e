import { routeKey } from '../facts/kernel-state.ts';
import type { KernelState } from '../facts/kernel-state.ts';
import type { PrefixKey } from '../plan/keys.ts';
import { deletesRoute } from './decide.ts';
import { ourRoute } from './kernel-objects.ts';
import { addRouteStep, deleteRouteStep } from './step.ts';
import type { Step } from './step.ts';
import type { WantedVirtual } from './wanted-virtual.ts';

/** What to do about the routes of ours to one network: the right one is set, then all others go. Pure. */
export function routeSteps(
  key: PrefixKey,
  options: { readonly state: KernelState; readonly wanted: WantedVirtual | undefined; readonly index: number },
): Step[] {
  const { state, wanted, index } = options;
  const prefix = wanted?.route(key);
  const right = prefix === undefined ? undefined : ourRoute(index, prefix);
  const steps: Step[] = [];
  if (prefix !== undefined && right !== undefined && !state.hasRoute(right)) {
    steps.push(addRouteStep(state, { key, dst: prefix, route: right }));
  }
  // After the right one is there: the router must see no gap.
  for (const route of state.ourRoutesTo(key)) {
    const { dst } = route;
    if (dst === null || (right !== undefined && routeKey(route) === routeKey(right))) {
      continue;
    }
    if (right !== undefined || deletesRoute(wanted?.holdCount ?? 1)) {
      steps.push(deleteRouteStep(state, { key, dst, route }));
    }
  }
  return steps;
}
