import type { IPFamily } from './address.ts';
import { ROUTE_TYPE, TABLE } from './codec/constants.ts';
import type { Route } from './codec/route.ts';

/**
 * The route that packets of the family to anywhere else take: of the default routes in the main table the one with the
 * lowest metric, and of several with the same one the first, as the kernel does.
 * @returns `undefined` when there is none, or it goes nowhere (blackhole, unreachable)
 */
export function defaultRoute(routes: Iterable<Route>, family: IPFamily): Route | undefined {
  let best: Route | undefined;
  for (const route of routes) {
    const candidate =
      route.family === family && route.dst === null && route.table === TABLE.main && route.type === ROUTE_TYPE.unicast;
    if (candidate && route.index !== undefined && (best === undefined || route.metric < best.metric)) {
      best = route;
    }
  }
  return best;
}
