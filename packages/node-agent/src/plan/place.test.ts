import { formatPrefix, parseAddress, parsePrefix } from '@fairlead/api';
import { place, viewGroup } from './place.ts';
import { Surroundings } from './surroundings.ts';
import { config, group, pool, segment } from './testing.ts';
import type { GroupFacts, Placement, PlanConfig } from './types.ts';

interface Case {
  readonly says: string;
  readonly address: string;
  readonly group?: GroupFacts;
  readonly config?: Partial<PlanConfig>;
  readonly endpointsOnly?: boolean;
  readonly readyNodes?: readonly string[];
  readonly expected: string;
}

const aggregated = group('g', { pools: [pool('10.8.0.0', '10.8.0.255', 24), pool('fd01::', 'fd01::ff', 64)] });

const cases: readonly Case[] = [
  { says: 'an address in the subnet of a LAN is local', address: '192.0.2.9', expected: 'local 2 of here=0 there=0' },
  { says: 'an IPv6 one as well', address: '2001:db8::9', expected: 'local 2 of here=0 there=0' },
  { says: 'any other address is virtual, as a host route', address: '10.8.0.9', expected: 'virtual 10.8.0.9/32' },
  { says: 'an IPv6 one as well', address: 'fd01::9', expected: 'virtual fd01::9/128' },
  {
    says: 'the route of a pool with an aggregation is that aggregate',
    address: '10.8.0.9',
    group: aggregated,
    expected: 'virtual 10.8.0.0/24',
  },
  { says: 'per family', address: 'fd01::9', group: aggregated, expected: 'virtual fd01::/64' },
  {
    says: 'an address outside every pool of its group (an orphan) has a host route',
    address: '10.9.0.9',
    group: aggregated,
    expected: 'virtual 10.9.0.9/32',
  },
  {
    says: 'addresses from NetBox follow the aggregation of their source',
    address: '10.9.0.9',
    group: group('nb', { routeLength: { IPv4: 28 } }),
    expected: 'virtual 10.9.0.0/28',
  },
  {
    says: 'an aggregate over a connected subnet is refused for host routes',
    address: '10.8.0.9',
    group: aggregated,
    config: { protectedPrefixes: [{ prefix: parsePrefix('10.8.0.128/25'), what: 'connected subnet of eth1' }] },
    expected: 'virtual 10.8.0.9/32 refused 10.8.0.0/24 connected subnet of eth1',
  },
  {
    says: 'the address of a gateway is never announced',
    address: '10.8.0.254',
    config: { protectedPrefixes: [{ prefix: parsePrefix('10.8.0.254/32'), what: 'gateway' }] },
    expected: 'none address-in-use-by-network',
  },
  {
    says: 'the own address of the node is never a service address',
    address: '192.0.2.1',
    expected: 'none address-in-use-by-network',
  },
  {
    says: 'on the LAN of other nodes it is local there, and nothing here',
    address: '198.51.100.9',
    config: { lans: [parsePrefix('198.51.100.0/24')] },
    expected: 'none on-another-lan',
  },
  {
    says: 'nothing is virtual by Auto before the LANs are complete',
    address: '10.8.0.9',
    config: { lansComplete: false },
    expected: 'hold',
  },
  {
    says: 'mode Virtual does not wait for LANs',
    address: '10.8.0.9',
    group: group('g', { mode: 'Virtual' }),
    config: { lansComplete: false },
    expected: 'virtual 10.8.0.9/32',
  },
  {
    says: 'mode Virtual routes even an address of the LAN',
    address: '192.0.2.9',
    group: group('g', { mode: 'Virtual' }),
    expected: 'virtual 192.0.2.9/32',
  },
  {
    says: 'mode Local needs a subnet of this node, not a LAN object',
    address: '192.0.2.9',
    group: group('g', { mode: 'Local' }),
    config: { lans: [] },
    expected: 'local 2 of here=0 there=0',
  },
  {
    says: 'mode Local in no subnet has no place',
    address: '10.8.0.9',
    group: group('g', { mode: 'Local' }),
    expected: 'none on-another-lan',
  },
  {
    says: 'a node without any local interface says so',
    address: '192.0.2.9',
    config: { segments: [] },
    expected: 'none no-interface',
  },
  {
    says: 'a nodeSelector that does not match keeps everything away',
    address: '10.8.0.9',
    group: group('g', { nodeSelector: { matchLabels: { rack: 'a' } } }),
    config: { nodes: [{ name: 'here', labels: { rack: 'b' } }] },
    expected: 'none node-not-selected',
  },
  {
    says: 'where others match, a local address is handed over to one of them',
    address: '192.0.2.9',
    group: group('g', { nodeSelector: { matchLabels: { rack: 'a' } } }),
    config: {
      nodes: [
        { name: 'here', labels: { rack: 'b' } },
        { name: 'there', labels: { rack: 'a' } },
      ],
    },
    expected: 'local 2 of there=0 elsewhere',
  },
  {
    says: 'as is one on an interface that is local no more',
    address: '192.0.2.9',
    config: { segments: [segment({ local: false })] },
    expected: 'local 2 of there=0 elsewhere',
  },
  {
    says: 'preferences are summed up',
    address: '192.0.2.9',
    group: group('g', {
      preferredNodes: [
        { weight: 10, preference: { matchLabels: { rack: 'a' } } },
        { weight: 5, preference: { matchLabels: { disk: 'ssd' } } },
        { weight: 1, preference: { matchLabels: { disk: 'hdd' } } },
      ],
    }),
    config: {
      nodes: [
        { name: 'here', labels: { rack: 'a', disk: 'ssd' } },
        { name: 'there', labels: { disk: 'hdd' } },
      ],
    },
    expected: 'local 2 of here=15 there=1',
  },
  {
    says: 'an interface that only a group names carries that group alone',
    address: '198.51.100.9',
    config: {
      lans: [parsePrefix('198.51.100.0/24')],
      segments: [segment(), extra()],
    },
    expected: 'local 3 of there=0 elsewhere',
  },
  {
    says: 'and carries it',
    address: '198.51.100.9',
    group: group('g', { interfaces: ['eth1'] }),
    config: {
      lans: [parsePrefix('198.51.100.0/24')],
      segments: [segment(), extra()],
    },
    expected: 'local 3 of here=0 there=0',
  },
  {
    says: 'an excluded node announces nothing virtual',
    address: '10.8.0.9',
    config: { excluded: true },
    expected: 'none node-excluded',
  },
  {
    says: 'but stays a candidate for local addresses, the last one',
    address: '192.0.2.9',
    config: { excluded: true },
    expected: 'local 2 of here=0 there=0',
  },
  {
    says: 'with traffic policy Local there is a host route where an endpoint is ready, inside an aggregate too',
    address: '10.8.0.9',
    group: aggregated,
    endpointsOnly: true,
    readyNodes: ['here'],
    expected: 'virtual 10.8.0.9/32',
  },
  {
    says: 'and nothing elsewhere',
    address: '10.8.0.9',
    group: aggregated,
    endpointsOnly: true,
    readyNodes: ['there'],
    expected: 'none no-endpoint',
  },
  { says: 'and nothing changes while that is unknown', address: '10.8.0.9', endpointsOnly: true, expected: 'hold' },
  {
    says: 'where others alone may have it, only those with an endpoint are asked to take it',
    address: '192.0.2.9',
    group: group('g', { nodeSelector: { matchExpressions: [{ key: 'bad', operator: 'DoesNotExist' }] } }),
    config: {
      nodes: [
        { name: 'here', labels: { bad: '' } },
        { name: 'there', labels: {} },
        { name: 'elsewhere', labels: {} },
      ],
    },
    endpointsOnly: true,
    readyNodes: ['elsewhere'],
    expected: 'local 2 of elsewhere=0 elsewhere',
  },
  {
    says: 'a node that leaves for good is no candidate, and knows who is',
    address: '192.0.2.9',
    config: { nodes: [{ name: 'there', labels: {} }] },
    expected: 'local 2 of there=0 elsewhere',
  },
  {
    says: 'and announces nothing virtual',
    address: '10.8.0.9',
    config: { nodes: [{ name: 'there', labels: {} }] },
    expected: 'none node-not-selected',
  },
  {
    says: 'a local one keeps its candidate, marked as without an endpoint',
    address: '192.0.2.9',
    endpointsOnly: true,
    readyNodes: ['there'],
    expected: 'local 2 of there=0 without endpoint',
  },
];

test.each(cases)('$says ($address)', (given) => {
  const all = config(given.config, given.group === undefined ? [] : [given.group]);
  const placement = place({
    address: parseAddress(given.address),
    view: viewGroup(given.group, all),
    config: all,
    surroundings: new Surroundings(all.protectedPrefixes),
    endpointsOnly: given.endpointsOnly ?? false,
    readyNodes: given.readyNodes === undefined ? undefined : new Set(given.readyNodes),
  });
  expect(inWords(placement)).toBe(given.expected);
});

function extra(): ReturnType<typeof segment> {
  return segment({
    index: 3,
    name: 'eth1',
    local: false,
    defaultFor: [],
    subnets: [parsePrefix('198.51.100.0/24')],
    ownAddresses: [{ address: parseAddress('198.51.100.1'), length: 24 }],
  });
}

function inWords(placement: Placement): string {
  switch (placement.type) {
    case 'virtual': {
      const { refused } = placement;
      const words = refused === undefined ? '' : ` refused ${formatPrefix(refused.prefix)} ${refused.overlaps.what}`;
      return `virtual ${formatPrefix(placement.route)}${words}`;
    }
    case 'local':
      return [
        `local ${placement.interfaceIndex} of`,
        ...[...placement.preferences].map(([node, weight]) => `${node}=${weight}`),
        ...(placement.eligible ? [] : [placement.barred ? 'elsewhere' : 'without endpoint']),
      ].join(' ');
    case 'hold':
      return 'hold';
    case 'none':
      return `none ${placement.reason}`;
    default:
      return placement satisfies never;
  }
}
