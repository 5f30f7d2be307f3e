import { ROUTE_TYPE, SCOPE, TABLE } from './codec/constants.ts';
import type { Route } from './codec/route.ts';
import { defaultRoute } from './default-route.ts';
import { prefix } from './testing/address.ts';

function route(changes: Partial<Route>): Route {
  return {
    family: 'IPv4',
    dst: null,
    index: 2,
    nextHops: [],
    metric: 0,
    protocol: 3,
    table: TABLE.main,
    type: ROUTE_TYPE.unicast,
    scope: SCOPE.universe,
    ...changes,
  };
}

describe('defaultRoute', () => {
  it('is the one with the lowest metric of its family', () => {
    const routes = [
      route({ index: 3, metric: 200 }),
      route({ index: 4, metric: 100 }),
      route({ index: 5, metric: 50, family: 'IPv6' }),
    ];
    expect(defaultRoute(routes, 'IPv4')?.index).toBe(4);
    expect(defaultRoute(routes, 'IPv6')?.index).toBe(5);
  });

  it('is the first of equals', () => {
    expect(defaultRoute([route({ index: 3 }), route({ index: 4 })], 'IPv4')?.index).toBe(3);
  });

  it.each<[string, Partial<Route>]>([
    ['a route to somewhere', { dst: prefix('192.0.2.0/24') }],
    ['a route of another table', { table: 1000 }],
    ['a route that refuses', { type: ROUTE_TYPE.unreachable }],
    ['a route without an interface', { index: undefined }],
  ])('is never %s', (_, changes) => {
    expect(defaultRoute([route(changes)], 'IPv4')).toBeUndefined();
  });
});
