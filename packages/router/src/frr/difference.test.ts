import { difference } from './difference.ts';
import { parseStatements } from './statements.ts';

function between(from: string, to: string): { removals: string[]; additions: string[] } {
  const { removals, additions } = difference(parseStatements(from), parseStatements(to));
  return { removals: removals.map(({ text }) => text), additions: additions.map(({ text }) => text) };
}

const ONE = `router bgp 64512
 bgp router-id 192.0.2.1
 neighbor 192.0.2.254 remote-as 64513
 neighbor 192.0.2.254 timers 3 9
 address-family ipv4 unicast
  redistribute kernel route-map ours
  neighbor 192.0.2.254 activate
 exit-address-family
exit
`;

describe('between two configurations', () => {
  it('there is nothing to do where they are the same', () => {
    expect(between(ONE, ONE)).toEqual({ removals: [], additions: [] });
    expect(between(ONE, ONE.replaceAll(' activate', '  activate\n!'))).toEqual({ removals: [], additions: [] });
  });

  it('a new neighbor touches no other', () => {
    const two = ONE.replace(' address-family', ' neighbor 192.0.2.253 remote-as 64513\n address-family').replace(
      ' exit-',
      '  neighbor 192.0.2.253 activate\n exit-',
    );
    expect(between(ONE, two)).toEqual({
      removals: [],
      additions: [
        'router bgp 64512',
        'neighbor 192.0.2.253 remote-as 64513',
        'address-family ipv4 unicast',
        'neighbor 192.0.2.253 activate',
        'exit-address-family',
        'exit',
      ],
    });
    expect(between(two, ONE)).toEqual({
      removals: ['router bgp 64512', 'no neighbor 192.0.2.253 remote-as 64513', 'exit'],
      additions: [],
    });
  });

  it('a setting with one value is replaced, never taken away in between', () => {
    expect(between(ONE, ONE.replace('timers 3 9', 'timers 1 3'))).toEqual({
      removals: [],
      additions: ['router bgp 64512', 'neighbor 192.0.2.254 timers 1 3', 'exit'],
    });
  });

  it('a setting that is gone is taken away, where it stands', () => {
    expect(between(ONE, ONE.replace(' neighbor 192.0.2.254 timers 3 9\n', ''))).toEqual({
      removals: ['router bgp 64512', 'no neighbor 192.0.2.254 timers 3 9', 'exit'],
      additions: [],
    });
    expect(
      between('router bgp 1\n no bgp default ipv4-unicast\n', 'router bgp 1\n bgp router-id 192.0.2.1\n').removals,
    ).toEqual(['router bgp 1', 'bgp default ipv4-unicast', 'exit']);
  });

  it('a block that is gone goes as one, and what it used after it', () => {
    const lists =
      'ip prefix-list web permit 10.1.0.0/24 le 32\nroute-map ours permit 10\n match ip address prefix-list web\nexit\n';
    expect(between(`${lists}${ONE}`, '')).toEqual({
      removals: [
        'no router bgp 64512',
        'no route-map ours permit 10',
        'no ip prefix-list web permit 10.1.0.0/24 le 32',
      ],
      additions: [],
    });
    expect(between('', `${lists}${ONE}`).additions.slice(0, 4)).toEqual([
      'ip prefix-list web permit 10.1.0.0/24 le 32',
      'route-map ours permit 10',
      'match ip address prefix-list web',
      'exit',
    ]);
  });

  it('an interface stays that is not spoken of any more, and what was said of it goes', () => {
    const eth0 = 'interface eth0\n ip ospf area 0\n ip ospf cost 10\nexit\n';
    expect(between(eth0, '')).toEqual({
      removals: ['interface eth0', 'no ip ospf cost 10', 'no ip ospf area 0', 'exit'],
      additions: [],
    });
  });

  it('an interface leaves its OSPF area before it is in another', () => {
    const eth0 = 'interface eth0\n ip ospf area 0.0.0.0\n ip ospf cost 10\nexit\n';
    expect(between(eth0, eth0.replace('area 0.0.0.0', 'area 0.0.0.51'))).toEqual({
      removals: ['interface eth0', 'no ip ospf area 0.0.0.0', 'exit'],
      additions: ['interface eth0', 'ip ospf area 0.0.0.51', 'exit'],
    });
  });

  it('another AS number is another BGP', () => {
    const { removals, additions } = between(ONE, ONE.replace('bgp 64512', 'bgp 64514'));
    expect(removals).toEqual(['no router bgp 64512']);
    expect(additions[0]).toBe('router bgp 64514');
  });

  it('an addition knows its line', () => {
    const to = parseStatements('! comment\nrouter bgp 1\n bgp router-id 192.0.2.1\n');
    expect(difference([], to).additions).toEqual([
      { text: 'router bgp 1', line: 2 },
      { text: 'bgp router-id 192.0.2.1', line: 3 },
      { text: 'exit', line: 0 },
    ]);
  });
});
