import type { KubernetesObject } from '../lab/index.ts';

/** One mistake that a user can make, and what the API server says to it. */
export interface BadObject {
  readonly mistake: string;
  readonly object: CustomObject;
  /** Part of the refusal; a sentence that says what to write instead. */
  readonly says: string;
}

/** A custom resource as one writes it, right or wrong. */
export interface CustomObject extends KubernetesObject {
  readonly spec?: unknown;
}

const API_VERSION = 'fairlead.dev/v1';

function custom(kind: string, spec: unknown): CustomObject {
  return { apiVersion: API_VERSION, kind, metadata: { name: 'bad' }, spec };
}

function group(mistake: string, spec: unknown, says: string): BadObject {
  return { mistake, object: custom('ServiceGroup', spec), says };
}

function pool(mistake: string, fields: unknown, says: string): BadObject {
  return group(mistake, { pools: [fields] }, says);
}

function withPools(mistake: string, rest: Readonly<Record<string, unknown>>, says: string): BadObject {
  return group(mistake, { pools: [{ range: '192.0.2.0/24' }], ...rest }, says);
}

function netbox(mistake: string, fields: Readonly<Record<string, unknown>>, says: string): BadObject {
  return group(mistake, { netbox: { secret: 'netbox', from: { ipRange: 12 }, ...fields } }, says);
}

function agent(mistake: string, spec: unknown, says: string): BadObject {
  return { mistake, object: custom('LBNodeAgent', spec), says };
}

function router(mistake: string, spec: unknown, says: string): BadObject {
  return { mistake, object: custom('Router', spec), says };
}

function neighbor(mistake: string, fields: Readonly<Record<string, unknown>>, says: string): BadObject {
  const whole = { name: 'tor', address: '192.0.2.1', asn: 64_513, ...fields };
  return router(mistake, { asn: 64_512, bgp: { neighbors: [whole] } }, says);
}

function ospf(mistake: string, area: Readonly<Record<string, unknown>>, says: string): BadObject {
  return router(mistake, { ospf: { areas: [{ id: '0', interfaces: [{ name: 'eth0' }], ...area }] } }, says);
}

const RANGE_FORM = 'write a network (192.0.2.0/24), two addresses with a dash and no spaces';
const DURATION_FORM = 'write a duration with units from h, m, s and ms';
const INTERFACE_FORM = 'write the name of an interface, such as eth0 or bond0.100';

const RANGES: readonly BadObject[] = [
  pool('a range that is a word', { range: 'everything' }, RANGE_FORM),
  pool('an empty range', { range: '' }, RANGE_FORM),
  pool('spaces around the dash', { range: '192.0.2.1 - 192.0.2.9' }, RANGE_FORM),
  pool('only the last number behind the dash', { range: '192.0.2.1-9' }, RANGE_FORM),
  pool('networks on both sides of a dash', { range: '192.0.2.0/25-192.0.2.128/25' }, RANGE_FORM),
  pool('three addresses', { range: '192.0.2.1-192.0.2.2-192.0.2.3' }, RANGE_FORM),
  pool('leading zeros', { range: '192.0.2.010' }, 'without leading zeros'),
  pool('an IPv4-mapped address', { range: '::ffff:192.0.2.1' }, 'not in the IPv4-mapped form'),
  pool('an IPv4-mapped network', { range: '::ffff:192.0.2.0/120' }, 'not in the IPv4-mapped form'),
  pool('a zone', { range: 'fe80::1%eth0' }, RANGE_FORM),
  pool('host bits in an IPv4 network', { range: '192.0.2.5/24' }, 'write the network address'),
  pool('host bits in an IPv6 network', { range: '2001:db8::5/64' }, 'write the network address'),
  pool('a prefix length above 32', { range: '192.0.2.0/33' }, RANGE_FORM),
  pool('two families in one range', { range: '192.0.2.1-2001:db8::1' }, 'both ends of a range must be of one family'),
  pool('unspecified IPv4 addresses', { range: '0.0.0.0/24' }, 'unspecified address'),
  pool('every IPv4 address', { range: '0.0.0.0/0' }, 'unspecified address'),
  pool('the unspecified IPv6 address', { range: '::-::ff' }, 'unspecified address'),
  pool('loopback addresses', { range: '127.0.0.10-127.0.0.20' }, 'loopback address'),
  pool('the IPv6 loopback address', { range: '::1' }, 'loopback address'),
  pool('link-local IPv4 addresses', { range: '169.254.10.0/24' }, 'link-local address'),
  pool('link-local IPv6 addresses', { range: 'fe80::/64' }, 'link-local address'),
  pool('multicast IPv4 addresses', { range: '239.1.1.0/24' }, 'multicast address'),
  pool('multicast IPv6 addresses', { range: 'ff05::/64' }, 'multicast address'),
  pool('reserved addresses', { range: '240.0.0.1-240.0.0.9' }, 'reserved and ends in the broadcast address'),
  pool('the broadcast address', { range: '255.255.255.255' }, 'reserved and ends in the broadcast address'),
  pool('a range longer than any two addresses', { range: '1'.repeat(80) }, 'may not be more than 79 bytes'),
];

const POOLS: readonly BadObject[] = [
  pool('no range', { subnet: '192.0.2.0/24' }, 'spec.pools[0].range: Required value'),
  pool('a subnet without a length', { range: '192.0.2.1', subnet: '192.0.2.0' }, 'write a network such as'),
  pool('a subnet with host bits', { range: '192.0.2.1', subnet: '192.0.2.1/24' }, 'write the network address'),
  pool(
    'a range that begins outside its subnet',
    { range: '192.0.1.255-192.0.2.9', subnet: '192.0.2.0/24' },
    'inside the subnet',
  ),
  pool(
    'a range that ends outside its subnet',
    { range: '192.0.2.9-192.0.3.1', subnet: '192.0.2.0/24' },
    'inside the subnet',
  ),
  pool('a network larger than its subnet', { range: '192.0.2.0/23', subnet: '192.0.2.0/24' }, 'inside the subnet'),
  pool('a subnet of the other family', { range: '192.0.2.1', subnet: '2001:db8::/64' }, 'inside the subnet'),
  pool(
    'aggregation: default without a subnet',
    { range: '192.0.2.0/24', aggregation: 'default' },
    'write subnet as well',
  ),
  pool(
    'an aggregation shorter than the subnet',
    { range: '192.0.2.0/24', subnet: '192.0.2.0/24', aggregation: '/23' },
    'shorter than the subnet',
  ),
  pool(
    'an aggregation without its slash',
    { range: '192.0.2.0/24', aggregation: '24' },
    'write default (the length of subnet) or a prefix length',
  ),
  pool(
    'an aggregation that is a default route',
    { range: '192.0.2.0/24', aggregation: '/0' },
    'write default (the length of subnet) or a prefix length',
  ),
  pool('an IPv4 aggregation above 32', { range: '192.0.2.0/24', aggregation: '/64' }, 'a prefix length of 32 at most'),
  pool(
    'an IPv6 aggregation above 128',
    { range: '2001:db8::/64', aggregation: '/129' },
    'write default (the length of subnet) or a prefix length',
  ),
  pool('an exclude that is no range', { range: '192.0.2.0/24', exclude: ['.50-.59'] }, RANGE_FORM),
  pool('an exclude with host bits', { range: '192.0.2.0/24', exclude: ['192.0.2.5/28'] }, 'write the network address'),
  pool(
    'an exclude of two families',
    { range: '192.0.2.0/24', exclude: ['192.0.2.5-::5'] },
    'both ends of a range must be of one family',
  ),
  pool('an exclude twice', { range: '192.0.2.0/24', exclude: ['192.0.2.5', '192.0.2.5'] }, 'Duplicate value'),
  group('a pool twice', { pools: [{ range: '192.0.2.1' }, { range: '192.0.2.1' }] }, 'Duplicate value'),
  group('no pool in the list', { pools: [] }, 'should have at least 1 items'),
  group(
    'more pools than 64',
    { pools: Array.from({ length: 65 }, (_, index) => ({ range: `192.0.2.${index}` })) },
    'must have at most 64 items',
  ),
];

const GROUPS: readonly BadObject[] = [
  group('no spec', undefined, 'spec: Required value'),
  group('neither pools nor netbox', {}, 'write exactly one of pools and netbox'),
  withPools(
    'pools and netbox',
    { netbox: { secret: 'a', from: { tag: 'b' } } },
    'write exactly one of pools and netbox',
  ),
  netbox('no source in NetBox', { from: {} }, 'write exactly one of ipRange, prefix and tag'),
  netbox('two sources in NetBox', { from: { ipRange: 1, tag: 'x' } }, 'write exactly one of ipRange, prefix and tag'),
  netbox('a NetBox prefix with host bits', { from: { prefix: '2001:db8::1/64' } }, 'write the network address'),
  netbox('an id of NetBox below 1', { from: { ipRange: 0 } }, 'should be greater than or equal to 1'),
  netbox(
    'a Secret of another namespace',
    { secret: 'other/netbox' },
    'write the name of a Secret in the namespace of the release',
  ),
  netbox('a DNS domain in capitals', { dnsDomain: 'LB.example.com' }, 'write a domain in small letters'),
  netbox(
    'aggregation: default without a subnet',
    { aggregation: 'default' },
    'write a prefix length such as /32 or /64',
  ),
  withPools('an unknown mode', { announce: { mode: 'ARP' } }, 'supported values: "Auto", "Local", "Virtual"'),
  withPools('a takeBack without a unit', { announce: { takeBack: '30' } }, 'write Never, or a duration'),
  withPools(
    'an interface that is a path',
    { announce: { interfaces: ['../eth0'] } },
    'write the name of an interface, /a regular expression/',
  ),
  withPools(
    'a weight of 0',
    { announce: { preferredNodes: [{ weight: 0, preference: {} }] } },
    'should be greater than or equal to 1',
  ),
  withPools('unknown sharing', { assign: { sharing: 'Nobody' } }, 'supported values: "Cluster", "Namespace"'),
  withPools('a priority that is text', { assign: { priority: 'high' } }, 'must be of type integer'),
  withPools(
    'a selector with In and no values',
    { assign: { serviceSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } } },
    'In and NotIn take at least one of values',
  ),
  withPools(
    'a selector with Exists and values',
    { assign: { namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } } },
    'Exists and DoesNotExist take none',
  ),
  withPools(
    'a community that is a word',
    { bgp: { communities: ['no-export'] } },
    'write a community such as 64512:100',
  ),
  withPools(
    'a community above 65535',
    { bgp: { communities: ['64512:65536'] } },
    'the parts of a community go up to 65535',
  ),
  withPools('a large community above 32 bits', { bgp: { communities: ['1:2:4294967296'] } }, 'up to 4294967295'),
  withPools('a negative local preference', { bgp: { localPref: -1 } }, 'should be greater than or equal to 0'),
];

const AGENTS: readonly BadObject[] = [
  agent('an interval without a unit', { announcements: { interval: '500' } }, DURATION_FORM),
  agent('an interval with a fraction', { announcements: { interval: '0.5s' } }, DURATION_FORM),
  agent('an empty interval', { failover: { interval: '' } }, DURATION_FORM),
  agent(
    'a failover faster than a frame can answer',
    { failover: { interval: '1ms' } },
    'write a duration from 20ms to 10s',
  ),
  agent('a lifetime of a second', { addressLifetime: '1s' }, 'write a duration from 10s to 8760h'),
  agent('a death after one miss', { failover: { misses: 1 } }, 'should be greater than or equal to 2'),
  agent('no announcement', { announcements: { count: 0 } }, 'should be greater than or equal to 1'),
  agent('no interface', { local: { interfaces: [] } }, 'should have at least 1 items'),
  agent(
    'an interface with a space',
    { local: { interfaces: ['eth 0'] } },
    'write the name of an interface, /a regular expression/',
  ),
  agent(
    'a dummy interface with a long name',
    { dummyInterface: 'kube-load-balancer' },
    'may not be more than 15 bytes',
  ),
  agent('a dummy interface with a slash', { dummyInterface: 'kube/lb0' }, INTERFACE_FORM),
];

const ROUTERS: readonly BadObject[] = [
  router('bgp without asn', { bgp: { neighbors: [{ name: 'a', address: '192.0.2.1', asn: 1 }] } }, 'bgp needs asn'),
  router('AS 0', { asn: 0 }, 'should be greater than or equal to 1'),
  router('an unknown daemon', { daemon: 'Quagga' }, 'supported values: "BIRD", "FRR", "None"'),
  router(
    'daemon None with protocols',
    { daemon: 'None', rip: { interfaces: [{ name: 'eth0' }] } },
    'daemon: None configures nothing',
  ),
  router('an IPv6 router ID', { routerID: '2001:db8::1' }, 'write the router ID like an IPv4 address'),
  router('router ID 0.0.0.0', { routerID: '0.0.0.0' }, 'write the router ID like an IPv4 address'),
  router('no neighbor', { asn: 1, bgp: { neighbors: [] } }, 'should have at least 1 items'),
  router(
    'a newline in a variable',
    { variables: { filter: 'accept;\nprotocol static' } },
    'values take no control characters',
  ),
  router(
    'a variable that no template can name',
    { variables: { 'my-filter': 'x' } },
    'write names of letters, digits and underscores',
  ),
  neighbor('a name with a quote', { name: 'tor"' }, 'write a name of letters, digits, dashes and underscores'),
  neighbor('an address that is a name', { address: 'tor.example.com' }, 'write an IP address such as'),
  neighbor('a multicast address', { address: '224.0.0.5' }, 'write the address of one host'),
  neighbor('a link-local address without interface', { address: 'fe80::1' }, 'write interface as well'),
  neighbor(
    'a link-local address of ours without interface',
    { address: '2001:db8::1', localAddress: 'fe80::2' },
    'a link-local localAddress says nothing without its interface',
  ),
  neighbor('addresses of two families', { localAddress: '2001:db8::2' }, 'must be of one family'),
  neighbor(
    'multihop on an interface',
    { multihop: 2, interface: 'eth0' },
    'multihop is for a neighbor with an address and without interface',
  ),
  neighbor('neither address nor interface', { address: undefined }, 'write address, or interface for unnumbered BGP'),
  neighbor(
    'a keepalive as long as the hold time',
    { holdTime: '9s', keepaliveTime: '9s' },
    'keepaliveTime must be shorter than holdTime',
  ),
  neighbor('a hold time of 2 s', { holdTime: '2s' }, 'write a duration from 3s to 18h'),
  neighbor('a hold time in milliseconds', { holdTime: '9500ms' }, 'write whole seconds'),
  neighbor('a hold time that is no duration', { holdTime: 'long', keepaliveTime: '3s' }, DURATION_FORM),
  neighbor('BFD faster than 10 ms', { bfd: { interval: '1ms' } }, 'write a duration from 10ms to 10s'),
  neighbor('a port above 65535', { port: 65_536 }, 'should be less than or equal to 65535'),
  neighbor('a family that does not exist', { families: ['IPv5'] }, 'supported values: "IPv4", "IPv6"'),
  ospf('an area that is a word', { id: 'backbone' }, 'write the area as a number such as 0'),
  ospf('an interface with a quote', { interfaces: [{ name: 'eth"0' }] }, INTERFACE_FORM),
  ospf(
    'a dead interval as long as the hello interval',
    { interfaces: [{ name: 'eth0', deadInterval: '10s' }] },
    'helloInterval must be shorter than deadInterval',
  ),
  ospf('a backbone that is an NSSA', { type: 'NSSA' }, 'area 0 is the backbone and cannot be an NSSA'),
  ospf('a stub area', { id: '1', type: 'Stub' }, 'supported values: "Normal", "NSSA"'),
  ospf(
    'a passive interface with a password',
    { interfaces: [{ name: 'eth0', passive: true, passwordSecret: 'ospf' }] },
    'a passive interface speaks to nobody',
  ),
  router('a label that is none', { asnLabel: 'asn of the node' }, 'write the name of a label'),
  router(
    'a metric of RIP that is infinite',
    { rip: { metric: 16, interfaces: [{ name: 'eth0' }] } },
    'should be less than or equal to 14',
  ),
];

const LANS: readonly BadObject[] = [
  {
    mistake: 'a LAN with host bits',
    object: custom('LAN', { subnet: '192.0.2.1/24' }),
    says: 'write the network address',
  },
  {
    mistake: 'a LAN that is an address',
    object: custom('LAN', { subnet: '192.0.2.1' }),
    says: 'write a network such as',
  },
];

/** Everything that the API server itself refuses. */
export const BAD_OBJECTS: readonly BadObject[] = [...RANGES, ...POOLS, ...GROUPS, ...AGENTS, ...ROUTERS, ...LANS];
