import { formatPrefix, parseAddress, parsePrefix } from '@fairlead/api';
import { protectedPrefixes } from './protected-prefixes.ts';
import { address, link, route } from './testing.ts';

test('subnets, addresses, gateways, neighbors and ranges must stay reachable; our own and kube-proxy’s count for nothing', () => {
  const found = protectedPrefixes({
    links: [link(2, 'eth0'), link(4, 'kube-lb0'), link(5, 'kube-ipvs0')],
    dummyInterface: 'kube-lb0',
    foreignAddresses: [
      address(2, '192.0.2.1/24'),
      address(2, 'fe80::1/64'),
      address(4, '10.8.0.7/32'),
      address(5, '10.8.0.8/32'),
    ],
    foreignRoutes: [
      route('default IPv4', { index: 2, gateway: parseAddress('192.0.2.254') }),
      route('172.16.0.0/12', { index: 2, gateway: parseAddress('192.0.2.253') }),
      route('198.51.100.0/24', { index: 2 }),
      route('10.8.0.9/32', { index: 4 }),
      route('10.8.0.10/32', { index: 5 }),
    ],
    podRanges: [parsePrefix('10.244.0.0/24')],
    routerNeighbors: [parseAddress('203.0.113.1')],
    nodeAddresses: [parseAddress('192.0.2.2')],
  });
  expect(Object.fromEntries(found.map(({ prefix, what }) => [formatPrefix(prefix), what]))).toEqual({
    '192.0.2.254/32': 'gateway 192.0.2.254',
    '192.0.2.253/32': 'gateway 192.0.2.253',
    '198.51.100.0/24': 'subnet 198.51.100.0/24 of eth0',
    '192.0.2.1/32': 'address 192.0.2.1 of eth0',
    '192.0.2.0/24': 'subnet 192.0.2.0/24 of eth0',
    '203.0.113.1/32': 'router neighbor 203.0.113.1',
    '192.0.2.2/32': 'node address 192.0.2.2',
    '10.244.0.0/24': 'pod range 10.244.0.0/24',
  });
});
