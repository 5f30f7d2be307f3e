import { standingOn } from './stacking.ts';
import { link } from './testing.ts';

const ETH0 = 2;
const BOND = 4;

test('a port, its bond, the VLAN upon that, the bridge with the VLAN, and a macvlan upon the bridge', () => {
  const links = [
    link(1, 'lo'),
    link(ETH0, 'eth0', { master: BOND }),
    link(3, 'eth1', { master: BOND }),
    link(BOND, 'bond0', { kind: 'bond' }),
    link(5, 'bond0.7', { kind: 'vlan', parent: BOND, master: 6 }),
    link(6, 'br7', { kind: 'bridge' }),
    link(7, 'mac0', { kind: 'macvlan', parent: 6 }),
    link(8, 'eth2'),
  ];
  expect(standingOn(links, BOND)).toEqual(new Set([BOND, 5, 6, 7]));
  expect(standingOn(links, ETH0)).toEqual(new Set([ETH0, BOND, 5, 6, 7]));
  expect(standingOn(links, 8)).toEqual(new Set([8]));
});

test('the other end of a veth in another namespace has an index of that namespace', () => {
  const links = [link(ETH0, 'eth0'), link(3, 'pod0', { kind: 'veth', parent: ETH0 })];
  expect(standingOn(links, ETH0)).toEqual(new Set([ETH0]));
});

test('what no namespace of sane people has, a circle, has an end', () => {
  const links = [link(2, 'a', { parent: 3 }), link(3, 'b', { parent: 2 })];
  expect(standingOn(links, 2)).toEqual(new Set([2, 3]));
});
