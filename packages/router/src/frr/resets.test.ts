import { resetsOfFRR } from './resets.ts';

const TWO = `router bgp 64512
 bgp router-id 192.0.2.1
 neighbor 192.0.2.254 remote-as 64513
 neighbor 192.0.2.254 description tor-1
 neighbor 192.0.2.254 password secret
 neighbor 192.0.2.254 timers 3 9
 neighbor eth1 interface remote-as 64513
 neighbor eth1 description tor-2
 address-family ipv4 unicast
  redistribute kernel route-map ours
  neighbor 192.0.2.254 activate
  neighbor 192.0.2.254 route-map none in
  neighbor eth1 activate
 exit-address-family
exit
`;

const resets = (from: string | RegExp, to: string) =>
  resetsOfFRR(TWO, TWO.replace(from, to)).map(
    ({ protocol, effect, causes }) => `${effect} ${protocol} (${causes.join(', ')})`,
  );

describe('sessions of FRR that another configuration ends', () => {
  it('are none where filters, times and other neighbors change', () => {
    expect(resets('timers 3 9', 'timers 1 3')).toEqual([]);
    expect(resets('map none in', 'map some in')).toEqual([]);
    expect(resets('description tor-1', 'description rack')).toEqual([]);
    expect(resets(' address-family', ' neighbor 192.0.2.253 remote-as 64513\n address-family')).toEqual([]);
    expect(resets('router bgp', 'route-map new permit 10\nexit\nrouter bgp')).toEqual([]);
  });

  it('are those of which something changes that is agreed on when they begin', () => {
    expect(resets('password secret', 'password other')).toEqual(['restarts tor-1 (password)']);
    expect(resets(' neighbor 192.0.2.254 password secret\n', '')).toEqual(['restarts tor-1 (password)']);
    expect(resets('254 timers 3 9', '254 passive')).toEqual(['restarts tor-1 (passive)']);
    expect(resets('254 timers 3 9', '254 capability extended-nexthop')).toEqual([
      'restarts tor-1 (capability extended-nexthop)',
    ]);
    expect(resets('  neighbor eth1 activate\n', '')).toEqual(['restarts tor-2 (ipv4 unicast)']);
    expect(resets('interface remote-as 64513', 'interface remote-as 64514')).toEqual([
      'restarts tor-2 (interface remote-as)',
    ]);
  });

  it('are all of them with another router ID or AS number', () => {
    expect(resets('router-id 192.0.2.1', 'router-id 192.0.2.9')).toEqual([
      'restarts tor-1 (router ID)',
      'restarts tor-2 (router ID)',
    ]);
    expect(resets('bgp 64512', 'bgp 64999')).toEqual(['restarts tor-1 (AS number)', 'restarts tor-2 (AS number)']);
  });

  it('are those whose neighbor is gone', () => {
    expect(resets(/.*eth1.*\n/g, '')).toEqual(['ends tor-2 (removed)']);
    expect(resetsOfFRR(TWO, '! nothing\n').map(({ effect }) => effect)).toEqual(['ends', 'ends']);
  });

  it('are told without values', () => {
    expect(JSON.stringify(resetsOfFRR(TWO, TWO.replace('password secret', 'password other')))).not.toMatch(
      /secret|other/,
    );
  });
});
