import { graceTime } from './grace-time.ts';

const INTERFACES = [{ name: 'eth0' }];

test.each<[string, Parameters<typeof graceTime>[0], number]>([
  ['no Router', undefined, 1_000],
  ['BGP', { spec: {} }, 1_000],
  ['OSPF, which may not withdraw what it has just announced', { spec: { ospf: { areas: [] } } }, 8_000],
  ['RIP, which lets triggered updates wait', { spec: { rip: { interfaces: INTERFACES } } }, 8_000],
])('after the withdrawal of its route an address stays as long as routers may need: %s', (_, router, ms) => {
  expect(graceTime(router)).toBe(ms);
});
