import { markCommand, mergeStatements, parseRunning } from './running.ts';

const PRISTINE = `Building configuration...

Current configuration:
!
frr version 8.4.4
frr defaults traditional
hostname node-1
log stdout
no ipv6 forwarding
service integrated-vtysh-config
!
line vty
!
end
`;

describe('what a daemon runs', () => {
  it('is nothing where nobody configured it', () => {
    expect(parseRunning(PRISTINE)).toEqual({ mark: undefined, statements: [] });
  });

  it('is what somebody configured, with or without our mark', () => {
    const configured = PRISTINE.replace('line vty', 'router bgp 64512\n neighbor 192.0.2.254 remote-as 64513\nexit');
    expect(parseRunning(configured)).toMatchObject({ mark: undefined, statements: [{ text: 'router bgp 64512' }] });
    const marked = configured.replace('router bgp', `${markCommand('0123abcd')}\nrouter bgp`);
    expect(parseRunning(marked)).toMatchObject({ mark: '0123abcd', statements: [{ text: 'router bgp 64512' }] });
  });

  it('is nothing of an interface that has nothing', () => {
    const left = PRISTINE.replace('line vty', 'interface eth0\nexit');
    expect(parseRunning(left)).toEqual({ mark: undefined, statements: [] });
  });

  it('is told without the numbers that FRR gives by itself', () => {
    expect(parseRunning('ip prefix-list web seq 5 permit 10.1.0.0/24 le 32\n').statements).toMatchObject([
      { text: 'ip prefix-list web permit 10.1.0.0/24 le 32' },
    ]);
  });

  it('is put together from what several daemons say', () => {
    const { statements: zebra } = parseRunning(
      'interface eth0\n ip address 192.0.2.1/24\nexit\nroute-map none deny 10\nexit\n',
    );
    const { statements: ospfd } = parseRunning('interface eth0\n ip ospf area 0\nexit\nroute-map none deny 10\nexit\n');
    expect(mergeStatements([zebra, ospfd])).toMatchObject([
      { text: 'interface eth0', children: [{ text: 'ip address 192.0.2.1/24' }, { text: 'ip ospf area 0' }] },
      { text: 'route-map none deny 10' },
    ]);
  });
});
