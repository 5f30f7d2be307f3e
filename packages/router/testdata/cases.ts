import { parseAddress, parsePrefix } from '@fairlead/api';
import type { Router, ServiceGroup } from '@fairlead/api';
import type { RouterNode, RouterViewInput } from '../src/view/build.ts';

/** Inputs of the golden files beside this one: each `NAME.conf` is what BIRD gets for the case of that name. */

const DUAL_STACK: RouterNode = {
  name: 'node-1',
  addresses: { IPv4: parseAddress('192.0.2.1'), IPv6: parseAddress('2001:db8::1') },
  dummyInterface: 'kube-lb0',
};
const IPV4_ONLY: RouterNode = { ...DUAL_STACK, addresses: { IPv4: parseAddress('192.0.2.1') } };
const IPV6_ONLY: RouterNode = { ...DUAL_STACK, addresses: { IPv6: parseAddress('2001:db8::1') } };

type Spec = Router['spec'];
type Neighbor = NonNullable<Spec['bgp']>['neighbors'][number];

const TOR: Neighbor = { name: 'tor-1', address: '192.0.2.254', asn: 64513, port: 179, passive: false, holdTime: '9s' };

function router(neighbors: readonly Neighbor[], bgp: Partial<NonNullable<Spec['bgp']>> = {}, more: Partial<Spec> = {}): Router {
  return {
    apiVersion: 'fairlead.dev/v1',
    kind: 'Router',
    metadata: { name: 'rack-1' },
    spec: { daemon: 'BIRD', asn: 64512, bgp: { listenPort: 179, neighbors: [...neighbors], ...bgp }, ...more },
  };
}

function group(name: string, spec: Partial<ServiceGroup['spec']>): ServiceGroup {
  return { apiVersion: 'fairlead.dev/v1', kind: 'ServiceGroup', metadata: { name }, spec: spec as ServiceGroup['spec'] };
}

const pool = (range: string, more: { subnet?: string; aggregation?: string } = {}) => ({ range, avoidBuggyIPs: false, ...more });

const HOSTS = group('web', { pools: [pool('10.1.0.0/24'), pool('2001:db8:5::/64')] });

function input(more: Partial<RouterViewInput> & { readonly router: Router }): RouterViewInput {
  return { serviceGroups: [HOSTS], secrets: new Map(), node: DUAL_STACK, ...more };
}

export const CASES: Readonly<Record<string, RouterViewInput>> = {
  'one-neighbor': input({ router: router([TOR]) }),
  'no-groups': input({ router: router([TOR]), serviceGroups: [] }),
  'no-bgp': input({ router: { ...router([]), spec: { daemon: 'BIRD' } } }),
  'two-neighbors': input({ router: router([TOR, { ...TOR, name: 'tor-2', address: '192.0.2.253' }]) }),
  'ipv6-session': input({ router: router([{ ...TOR, address: '2001:db8::fe', localAddress: '2001:db8::1' }]) }),
  'link-local-session': input({ router: router([{ ...TOR, address: 'fe80::fe', interface: 'eth0' }]) }),
  'ipv4-node': input({ router: router([TOR]), node: IPV4_ONLY }),
  'ipv6-node': input({ router: router([{ ...TOR, address: '2001:db8::fe' }]), node: IPV6_ONLY }),
  'one-family': input({ router: router([{ ...TOR, families: ['IPv6'] }]) }),
  'internal-session': input({ router: router([{ ...TOR, asn: 64512 }]) }),
  multihop: input({ router: router([{ ...TOR, address: '198.51.100.1', multihop: 3, localAddress: '192.0.2.1' }]) }),
  'other-ports': input({ router: router([{ ...TOR, port: 1179 }], { listenPort: 1790 }) }),
  passive: input({ router: router([{ ...TOR, passive: true }]) }),
  password: input({
    router: router([{ ...TOR, passwordSecret: 'tor' }]),
    secrets: new Map([['tor', { password: Buffer.from("it's#a/*secret;}\n").toString('base64') }]]),
  }),
  bfd: input({ router: router([{ ...TOR, bfd: { interval: '100ms', multiplier: 3 } }]) }),
  'graceful-restart': input({ router: router([TOR], { gracefulRestart: { time: '120s' } }) }),
  timers: input({ router: router([{ ...TOR, holdTime: '3500ms', keepaliveTime: '1s' }]) }),
  'four-octet-asn': input({ router: router([{ ...TOR, asn: 4_294_967_294 }], {}, { asn: 4_200_000_000 }) }),
  'router-id': input({ router: router([TOR], {}, { routerID: '203.0.113.7' }) }),
  aggregates: input({
    router: router([TOR]),
    serviceGroups: [
      group('web', {
        pools: [
          pool('10.1.0.10-10.1.3.200', { aggregation: '/24' }),
          pool('10.2.0.0/24', { subnet: '10.2.0.0/22', aggregation: 'default' }),
          pool('2001:db8:5::/64', { aggregation: '/64' }),
        ],
      }),
    ],
  }),
  communities: input({
    router: router([TOR]),
    serviceGroups: [
      group('api.internal', { pools: [pool('10.3.0.0/24')], bgp: { communities: ['64512:200'] } }),
      group('web', {
        pools: [pool('10.1.0.0/24'), pool('2001:db8:5::/64')],
        bgp: { communities: ['64512:100', '64512:1:2', '65535:65281'], localPref: 200 },
      }),
    ],
  }),
  'local-groups-left-out': input({
    router: router([TOR]),
    serviceGroups: [
      HOSTS,
      group('lan', {
        pools: [pool('192.0.2.10-192.0.2.99')],
        announce: { mode: 'Local', onConflict: 'Defend', takeBack: 'Never', takeOver: 'WhenSilent' },
      }),
    ],
  }),
  'kept-routes': input({
    router: router([TOR]),
    strays: [{ prefix: parsePrefix('10.9.0.1/32'), group: 'gone' }, { prefix: parsePrefix('10.8.0.1/32'), group: 'web' }],
  }),
};
