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
type OSPF = NonNullable<Spec['ospf']>;
type RIP = NonNullable<Spec['rip']>;

const TOR: Neighbor = { name: 'tor-1', address: '192.0.2.254', asn: 64513, port: 179, passive: false, holdTime: '9s' };

function router(neighbors: readonly Neighbor[], bgp: Partial<NonNullable<Spec['bgp']>> = {}, more: Partial<Spec> = {}): Router {
  return {
    apiVersion: 'fairlead.dev/v1',
    kind: 'Router',
    metadata: { name: 'rack-1' },
    spec: { daemon: 'BIRD', asn: 64512, bgp: { listenPort: 179, neighbors: [...neighbors], ...bgp }, ...more },
  };
}

/** As the API server fills it in. */
const ETH0: OSPF['areas'][number]['interfaces'][number] = {
  name: 'eth0',
  cost: 10,
  priority: 0,
  helloInterval: '10s',
  deadInterval: '40s',
  type: 'Broadcast',
  passive: false,
  passwordID: 1,
  passwordAlgorithm: 'MD5',
};
const RIP_ETH0: RIP['interfaces'][number] = { name: 'eth0', updateInterval: '30s', passwordID: 1, passwordAlgorithm: 'MD5' };
const BFD = { interval: '100ms', multiplier: 3 } as const;

function ospf(interfaces: readonly Partial<typeof ETH0>[], more: Partial<OSPF> = {}): OSPF {
  const area = { id: '0', type: 'Normal' as const, interfaces: interfaces.map((each) => ({ ...ETH0, ...each })) };
  return { areas: [area], metric: 20, metricType: 'Type2', ...more };
}

function rip(interfaces: readonly Partial<typeof RIP_ETH0>[], more: Partial<RIP> = {}): RIP {
  return { interfaces: interfaces.map((each) => ({ ...RIP_ETH0, ...each })), metric: 1, ...more };
}

/** A Router without BGP. */
function interior(spec: Partial<Spec>): Router {
  return { ...router([]), spec: { daemon: 'BIRD', ...spec } };
}

const secret = (name: string, password: string): RouterViewInput['secrets'] =>
  new Map([[name, { password: Buffer.from(password).toString('base64') }]]);

function group(name: string, spec: Partial<ServiceGroup['spec']>): ServiceGroup {
  return { apiVersion: 'fairlead.dev/v1', kind: 'ServiceGroup', metadata: { name }, spec: spec as ServiceGroup['spec'] };
}

const pool = (range: string, more: { subnet?: string; aggregation?: string } = {}) => ({ range, avoidBuggyIPs: false, ...more });

const HOSTS = group('web', { pools: [pool('10.1.0.0/24'), pool('2001:db8:5::/64')] });

function input(more: Partial<RouterViewInput> & { readonly router: Router }): RouterViewInput {
  return { serviceGroups: [HOSTS], secrets: new Map(), node: DUAL_STACK, ...more };
}

/** A neighbor that is found on an interface. */
function unnumbered(name: string, device: string): Neighbor {
  const { address: _, ...rest } = TOR;
  return { ...rest, name, interface: device };
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
  unnumbered: input({ router: router([unnumbered('tor-1', 'eth0'), unnumbered('tor-2', 'eth1')]) }),
  'unnumbered-bfd-password': input({
    router: router([{ ...unnumbered('tor-1', 'eth0'), passwordSecret: 'tor', bfd: BFD }]),
    secrets: secret('tor', 'correct-horse'),
  }),
  'asn-of-the-node': input({
    router: router([TOR], {}, { asnLabel: 'example.com/asn' }),
    node: { ...DUAL_STACK, labels: { 'example.com/asn': '4200000001' } },
  }),
  'asn-of-other-nodes': input({ router: router([TOR], {}, { asnLabel: 'example.com/asn' }) }),
  'multihop-bfd': input({
    router: router([{ ...TOR, address: '198.51.100.1', multihop: 5, bfd: BFD, passive: true }], { listenPort: 1790 }),
  }),
  'ospf-both': input({ router: interior({ ospf: ospf([ETH0]) }) }),
  'ospf-v2': input({ router: interior({ ospf: ospf([ETH0]) }), node: IPV4_ONLY }),
  'ospf-v3': input({ router: interior({ ospf: ospf([ETH0], { families: ['IPv6'] }) }) }),
  'ospf-no-groups': input({ router: interior({ ospf: ospf([ETH0]) }), serviceGroups: [] }),
  'ospf-password': input({
    router: interior({ ospf: ospf([{ passwordSecret: 'fabric', passwordID: 7 }]) }),
    secrets: secret('fabric', "it's#a/*s;}"),
  }),
  'ospf-password-sha512': input({
    router: interior({ ospf: ospf([{ passwordSecret: 'fabric', passwordAlgorithm: 'SHA512' }]) }),
    secrets: secret('fabric', 'longer-than-sixteen-characters'),
  }),
  'ospf-bfd': input({
    router: interior({ ospf: ospf([{ bfd: BFD }, { name: 'eth1', bfd: { interval: '300ms', multiplier: 5 } }]) }),
  }),
  'ospf-nssa': input({
    router: interior({
      ospf: ospf([], { areas: [{ id: '51', type: 'NSSA', interfaces: [ETH0] }] }),
    }),
  }),
  'ospf-several-areas': input({
    router: interior({
      ospf: ospf([], {
        areas: [
          { id: '0.0.0.0', type: 'Normal', interfaces: [ETH0] },
          { id: '429496729', type: 'NSSA', interfaces: [{ ...ETH0, name: 'bond0.100', cost: 65_535 }] },
        ],
      }),
    }),
  }),
  'ospf-point-to-point': input({
    router: interior({ ospf: ospf([{ type: 'PointToPoint', helloInterval: '1s', deadInterval: '4s', cost: 1 }]) }),
  }),
  'ospf-passive': input({ router: interior({ ospf: ospf([ETH0, { name: 'eth1', passive: true }]) }) }),
  'ospf-metric-and-tag': input({
    router: interior({ ospf: ospf([{ priority: 255 }], { metric: 16_777_214, metricType: 'Type1', tag: 4_294_967_295 }) }),
  }),
  rip: input({ router: interior({ rip: rip([RIP_ETH0]) }) }),
  'rip-v2': input({ router: interior({ rip: rip([RIP_ETH0], { families: ['IPv4'] }) }) }),
  ripng: input({ router: interior({ rip: rip([{ updateInterval: '5s' }]) }), node: IPV6_ONLY }),
  'rip-password': input({
    router: interior({ rip: rip([{ passwordSecret: 'fabric' }, { name: 'eth1' }], { families: ['IPv4'] }) }),
    secrets: secret('fabric', 'correct-horse'),
  }),
  'rip-password-sha256': input({
    router: interior({
      rip: rip([{ passwordSecret: 'fabric', passwordID: 255, passwordAlgorithm: 'SHA256' }], { families: ['IPv4'] }),
    }),
    secrets: secret('fabric', 'correct-horse-battery-staple'),
  }),
  'rip-bfd-metric-and-tag': input({
    router: interior({ rip: rip([{ bfd: BFD }], { metric: 14, tag: 65_535 }) }),
  }),
  'bgp-ospf-and-rip': input({
    router: router(
      [{ ...TOR, bfd: { interval: '50ms', multiplier: 4 } }],
      { gracefulRestart: { time: '30s' } },
      { ospf: ospf([{ bfd: BFD }]), rip: rip([{ name: 'eth1', bfd: BFD }]) },
    ),
  }),
};
