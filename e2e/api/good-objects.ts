/**
 * What is accepted, as one writes it (`spec`) and as programs read it (`reads`). The types are the API's own, so that a
 * field that was renamed does not compile.
 */
import { API_VERSION } from '@fairlead/api';
import type {
  LBNodeAgentManifest,
  LBNodeAgentSpec,
  RouterManifest,
  RouterSpec,
  ServiceGroupManifest,
  ServiceGroupSpec,
} from '@fairlead/api';

/** One accepted object and its spec as the API server fills it in. */
export interface GoodObject {
  readonly what: string;
  readonly object: ServiceGroupManifest | LBNodeAgentManifest | RouterManifest;
  readonly reads: ServiceGroupSpec | LBNodeAgentSpec | RouterSpec;
}

function group(what: string, spec: ServiceGroupManifest['spec'], reads: ServiceGroupSpec): GoodObject {
  return { what, object: { apiVersion: API_VERSION, kind: 'ServiceGroup', metadata: { name: 'good' }, spec }, reads };
}

function agent(what: string, spec: LBNodeAgentManifest['spec'], reads: LBNodeAgentSpec): GoodObject {
  return { what, object: { apiVersion: API_VERSION, kind: 'LBNodeAgent', metadata: { name: 'good' }, spec }, reads };
}

function router(what: string, spec: RouterManifest['spec'], reads: RouterSpec): GoodObject {
  return { what, object: { apiVersion: API_VERSION, kind: 'Router', metadata: { name: 'good' }, spec }, reads };
}

const GROUP_DEFAULTS = {
  assign: { auto: true, priority: 0, sharing: 'Cluster' },
  draining: false,
  announce: { mode: 'Auto', takeBack: 'Never', onConflict: 'Defend', takeOver: 'WhenSilent' },
} as const;

const AGENT_DEFAULTS: LBNodeAgentSpec = {
  local: { interfaces: ['default'] },
  dummyInterface: 'kube-lb0',
  announcements: { count: 5, interval: '500ms' },
  addressLifetime: '24h',
  failover: { interval: '100ms', misses: 3 },
};

const NEIGHBOR_DEFAULTS = { port: 179, passive: false, holdTime: '9s' } as const;

const FULL_GROUP: ServiceGroupSpec = {
  pools: [
    {
      range: '192.0.2.10-192.0.2.99',
      subnet: '192.0.2.0/24',
      aggregation: 'default',
      exclude: ['192.0.2.50-192.0.2.59', '192.0.2.64/28'],
      avoidBuggyIPs: true,
    },
    { range: '2001:db8::/64', subnet: '2001:db8::/48', aggregation: '/64', avoidBuggyIPs: false },
    { range: '198.51.100.0/31', aggregation: '/8', avoidBuggyIPs: false },
    { range: '203.0.113.7', avoidBuggyIPs: false },
  ],
  assign: {
    auto: false,
    priority: -5,
    namespaceSelector: { matchLabels: { team: 'web' } },
    serviceSelector: { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['internal'] }] },
    sharing: 'Namespace',
  },
  draining: true,
  announce: {
    mode: 'Local',
    nodeSelector: { matchLabels: { edge: 'true' } },
    preferredNodes: [{ weight: 10, preference: { matchLabels: { rack: '1' } } }],
    takeBack: '1m30s',
    interfaces: ['eth0', '/bond[0-9]/', 'default'],
    onConflict: 'Yield',
    takeOver: 'Force',
  },
  bgp: { communities: ['64512:100', '64512:1:2'], localPref: 100 },
};

const OSPF_DEFAULTS = {
  cost: 10,
  priority: 0,
  helloInterval: '10s',
  deadInterval: '40s',
  type: 'Broadcast',
  passive: false,
  passwordID: 1,
  passwordAlgorithm: 'MD5',
} as const;

const FULL_ROUTER: RouterSpec = {
  nodeSelector: { matchLabels: { edge: 'true' } },
  daemon: 'FRR',
  asn: 4_200_000_000,
  asnLabel: 'example.com/asn',
  routerID: '192.0.2.1',
  bgp: {
    listenPort: 1790,
    gracefulRestart: { time: '2m' },
    neighbors: [
      {
        ...NEIGHBOR_DEFAULTS,
        name: 'tor-1',
        address: '192.0.2.254',
        asn: 64_513,
        localAddress: '192.0.2.11',
        multihop: 2,
        passwordSecret: 'tor-password',
        bfd: { interval: '50ms', multiplier: 5 },
        holdTime: '9s',
        keepaliveTime: '3s',
        families: ['IPv4'],
      },
      { ...NEIGHBOR_DEFAULTS, name: 'tor-2', address: 'fe80::1', asn: 64_513, interface: 'eth0', passive: true },
      { ...NEIGHBOR_DEFAULTS, name: 'tor-3', asn: 64_513, interface: 'bond0.100' },
    ],
  },
  ospf: {
    areas: [
      {
        id: '0.0.0.51',
        type: 'NSSA',
        interfaces: [
          {
            name: 'eth0',
            cost: 20,
            priority: 1,
            helloInterval: '1s',
            deadInterval: '4s',
            type: 'PointToPoint',
            passive: false,
            passwordSecret: 'ospf',
            passwordID: 7,
            passwordAlgorithm: 'SHA512',
            bfd: { interval: '50ms', multiplier: 5 },
          },
          { name: 'eth2', ...OSPF_DEFAULTS, passive: true },
        ],
      },
    ],
    metric: 100,
    metricType: 'Type1',
    tag: 4_294_967_295,
    families: ['IPv6'],
  },
  rip: {
    interfaces: [
      {
        name: 'eth1',
        updateInterval: '5s',
        passwordSecret: 'rip',
        passwordID: 255,
        passwordAlgorithm: 'SHA256',
        bfd: { interval: '100ms', multiplier: 3 },
      },
    ],
    metric: 14,
    tag: 65_535,
    families: ['IPv4'],
  },
  variables: { site: 'Zürich "A" {1}', import_filter: 'if net ~ 10.0.0.0/8 then accept;' },
};

export const GOOD_OBJECTS: readonly GoodObject[] = [
  group(
    'a ServiceGroup with nothing but a range',
    { pools: [{ range: '192.0.2.0/24' }] },
    { pools: [{ range: '192.0.2.0/24', avoidBuggyIPs: false }], ...GROUP_DEFAULTS },
  ),
  group('a ServiceGroup with every field', FULL_GROUP, FULL_GROUP),
  group(
    'a ServiceGroup from NetBox',
    { netbox: { secret: 'netbox', from: { prefix: '2001:db8::/64' }, dnsDomain: 'lb.example.com' } },
    { netbox: { secret: 'netbox', from: { prefix: '2001:db8::/64' }, dnsDomain: 'lb.example.com' }, ...GROUP_DEFAULTS },
  ),
  group(
    'a ServiceGroup with a part of the defaults',
    { pools: [{ range: '192.0.2.1' }], announce: { mode: 'Virtual' }, assign: { auto: false } },
    {
      ...GROUP_DEFAULTS,
      pools: [{ range: '192.0.2.1', avoidBuggyIPs: false }],
      announce: { ...GROUP_DEFAULTS.announce, mode: 'Virtual' },
      assign: { ...GROUP_DEFAULTS.assign, auto: false },
    },
  ),
  agent('an LBNodeAgent in which nothing is written', {}, AGENT_DEFAULTS),
  agent(
    'an LBNodeAgent with a part of the defaults',
    { failover: { misses: 5 }, addressLifetime: '1h30m', local: { interfaces: ['/^eth/'] } },
    {
      ...AGENT_DEFAULTS,
      failover: { interval: '100ms', misses: 5 },
      addressLifetime: '1h30m',
      local: { interfaces: ['/^eth/'] },
    },
  ),
  router('a Router in which nothing is written', {}, { daemon: 'BIRD' }),
  router('a Router with every field', FULL_ROUTER, FULL_ROUTER),
  router(
    'a Router with the defaults of BFD, graceful restart, OSPF and RIP',
    {
      asn: 64_512,
      bgp: { gracefulRestart: {}, neighbors: [{ name: 'tor', address: '192.0.2.254', asn: 64_512, bfd: {} }] },
      ospf: { areas: [{ id: '51', interfaces: [{ name: 'eth0', bfd: {} }] }] },
      rip: { interfaces: [{ name: 'eth0' }] },
    },
    {
      daemon: 'BIRD',
      asn: 64_512,
      bgp: {
        listenPort: 179,
        gracefulRestart: { time: '120s' },
        neighbors: [
          {
            ...NEIGHBOR_DEFAULTS,
            name: 'tor',
            address: '192.0.2.254',
            asn: 64_512,
            bfd: { interval: '100ms', multiplier: 3 },
          },
        ],
      },
      ospf: {
        areas: [
          {
            id: '51',
            type: 'Normal',
            interfaces: [{ name: 'eth0', ...OSPF_DEFAULTS, bfd: { interval: '100ms', multiplier: 3 } }],
          },
        ],
        metric: 20,
        metricType: 'Type2',
      },
      rip: {
        interfaces: [{ name: 'eth0', updateInterval: '30s', passwordID: 1, passwordAlgorithm: 'MD5' }],
        metric: 1,
      },
    },
  ),
  router(
    'a Router with an AS number for each node',
    { asnLabel: 'topology.example.com/asn', bgp: { neighbors: [{ name: 'tor', interface: 'eth0', asn: 64_513 }] } },
    {
      daemon: 'BIRD',
      asnLabel: 'topology.example.com/asn',
      bgp: { listenPort: 179, neighbors: [{ ...NEIGHBOR_DEFAULTS, name: 'tor', interface: 'eth0', asn: 64_513 }] },
    },
  ),
];
