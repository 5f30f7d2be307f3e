import { formatPrefix, parseAddress } from '@fairlead/api';
import { TABLE } from '@fairlead/netlink';
import { localSegments } from './local-interfaces.ts';
import type { InterfaceChoice, InterfaceFacts } from './local-interfaces.ts';
import { address, link, route } from './testing.ts';

const gateway = parseAddress('192.0.2.254');
const node: InterfaceFacts = {
  links: [link(1, 'lo'), link(2, 'eth0'), link(3, 'eth1'), link(4, 'kube-lb0')],
  foreignAddresses: [
    address(1, '127.0.0.1/8'),
    address(2, '192.0.2.1/24'),
    address(2, 'fe80::1/64'),
    address(3, '198.51.100.1/24'),
    address(3, '2001:db8::1/128'),
    address(4, '10.0.0.1/32'),
  ],
  foreignRoutes: [
    route('default IPv4', { index: 2, gateway, metric: 100 }),
    route('default IPv4', { index: 3, gateway: parseAddress('198.51.100.254'), metric: 200 }),
    route('default IPv6', { index: 3, gateway: parseAddress('fe80::9'), metric: 1024 }),
    route('2001:db8::/64', { index: 3 }),
    route('192.0.2.0/24', { index: 2 }),
    route('default IPv4', { index: 3, table: TABLE.local, metric: 0 }),
  ],
};
const choice: InterfaceChoice = { selectors: ['default'], groupSelectors: [], dummyInterface: 'kube-lb0' };

function names(over: Partial<InterfaceChoice> = {}, facts: InterfaceFacts = node): string[] {
  return localSegments(facts, { ...choice, ...over }).map(({ name, local }) => (local ? name : `(${name})`));
}

test('default is, for each family, the interface of the default route with the lowest metric in the main table', () => {
  expect(localSegments(node, choice).map(({ name, defaultFor }) => [name, defaultFor])).toEqual([
    ['eth0', ['IPv4']],
    ['eth1', ['IPv6']],
  ]);
});

test('subnets are those of addresses and of on-link routes: with DHCPv6 the address is a /128', () => {
  const [eth0, eth1] = localSegments(node, choice);
  expect(eth0?.subnets.map(formatPrefix)).toEqual(['192.0.2.0/24']);
  expect(eth1?.subnets.map(formatPrefix)).toEqual(['198.51.100.0/24', '2001:db8::/64']);
  expect(eth0?.linkLocal).toEqual(parseAddress('fe80::1'));
  expect(eth0?.gateways).toEqual([gateway]);
});

test.each<[string, Partial<InterfaceChoice>, string[]]>([
  ['by name', { selectors: ['eth1'] }, ['eth1']],
  ['by regular expression, never the loopback or the dummy one', { selectors: ['/./'] }, ['eth0', 'eth1']],
  ['for one group alone', { selectors: ['eth0'], groupSelectors: ['eth1'] }, ['eth0', '(eth1)']],
  ['none', { selectors: [] }, []],
  ['not, and still carrying addresses of ours', { selectors: [], carrying: new Set([3, 4]) }, ['(eth1)']],
])('chosen %s', (_, over, expected) => {
  expect(names(over)).toEqual(expected);
});

test('an interface without an address of its own carries none of ours', () => {
  const tentative = address(2, '192.0.2.1/24');
  const without = {
    ...node,
    foreignAddresses: [address(2, 'fe80::1/64'), { ...tentative, flags: { ...tentative.flags, tentative: true } }],
  };
  expect(names({}, without)).toEqual([]);
});
