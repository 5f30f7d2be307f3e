import { effective, hostTroubles, networkDaemons } from './host-settings.ts';
import type { HostFacts, Settings } from './host-settings.ts';
import { localSegments } from './local-interfaces.ts';
import { address, link, route } from './testing.ts';

const GOOD: Settings = { arp_ignore: 0, arp_announce: 2, rp_filter: 0, promote_secondaries: 1 };

/** eth0 with the default route and eth1 without, both local; sysctls as given, `GOOD` where not. */
function facts(over: Readonly<Record<string, Settings>>, more: Partial<HostFacts> = {}): HostFacts {
  const links = [link(2, 'eth0'), link(3, 'eth1')];
  const foreignAddresses = [address(2, '192.0.2.1/24'), address(3, '198.51.100.1/24')];
  const foreignRoutes = [route('default IPv4', { index: 2 })];
  const choice = { selectors: ['/eth.*/'], groupSelectors: [], dummyInterface: 'kube-lb0' };
  const zero: Settings = { arp_ignore: 0, arp_announce: 0, rp_filter: 0, promote_secondaries: 0 };
  return {
    segments: localSegments({ links, foreignAddresses, foreignRoutes }, choice),
    settings: new Map([
      ['all', { ...zero, ...over['all'] }],
      ['eth0', { ...GOOD, ...over['eth0'] }],
      ['eth1', { ...GOOD, ...over['eth1'] }],
    ]),
    links,
    foreignAddresses,
    ...more,
  };
}

test('the higher of all and the interface is what the kernel goes by', () => {
  const { settings } = facts({ all: { arp_ignore: 1 }, eth1: { arp_ignore: 8 } });
  expect([effective(settings, 'eth0', 'arp_ignore'), effective(settings, 'eth1', 'arp_ignore')]).toEqual([1, 8]);
  expect(effective(settings, 'eth7', 'arp_ignore')).toBeUndefined();
});

test('a host that is set well has no trouble, nor one whose settings cannot be read', () => {
  expect(hostTroubles(facts({}))).toEqual([]);
  expect(hostTroubles({ ...facts({}), settings: new Map() })).toEqual([]);
});

test.each([1, 2, 3, 4, 7])('arp_ignore %d answers for local addresses', (value) => {
  expect(hostTroubles(facts({ eth0: { arp_ignore: value } }))).toEqual([]);
});

test('arp_ignore 8 is named with each sysctl that is to be lowered', () => {
  const [trouble] = hostTroubles(facts({ all: { arp_ignore: 8 }, eth1: { arp_ignore: 8 } }));
  expect(trouble?.type).toBe('ARPIgnored');
  expect(trouble?.message).toContain('eth0, eth1');
  expect(trouble?.message).toContain('sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.eth1.arp_ignore=1 ');
});

test('arp_announce below 2 is named, and all of 2 is enough', () => {
  expect(hostTroubles(facts({ eth0: { arp_announce: 1 } }))).toMatchObject([
    { type: 'ARPAnnounce', message: expect.stringContaining('net.ipv4.conf.eth0.arp_announce=2') as string },
  ]);
  expect(hostTroubles(facts({ all: { arp_announce: 2 }, eth0: { arp_announce: 0 } }))).toEqual([]);
});

test('a strict rp_filter matters where the default route is not', () => {
  expect(hostTroubles(facts({ all: { rp_filter: 1 } }))).toMatchObject([
    {
      type: 'ReversePathFilter',
      message: expect.stringMatching(/^eth1 .*net\.ipv4\.conf\.eth1\.rp_filter=2/) as string,
    },
  ]);
  expect(hostTroubles(facts({ all: { rp_filter: 1 }, eth1: { rp_filter: 2 } }))).toEqual([]);
});

test('promote_secondaries matters where an interface has several addresses in one subnet', () => {
  const off = { eth0: { promote_secondaries: 0 } };
  expect(hostTroubles(facts(off))).toEqual([]);
  const { flags } = address(2, '192.0.2.2/24');
  const second = address(2, '192.0.2.2/24', { flags: { ...flags, secondary: true } });
  const both = { foreignAddresses: [...facts(off).foreignAddresses, second] };
  expect(hostTroubles(facts(off, both))).toMatchObject([
    { type: 'SecondariesLost', message: expect.stringContaining('net.ipv4.conf.eth0.promote_secondaries=1') as string },
  ]);
  expect(hostTroubles(facts({ ...off, all: { promote_secondaries: 1 } }, both))).toEqual([]);
});

test('kube-ipvs0 with an address of a local subnet needs strictARP; with others, or left over empty, it does not', () => {
  const links = [...facts({}).links, link(9, 'kube-ipvs0')];
  const bound = (text: string): Partial<HostFacts> => ({
    links,
    foreignAddresses: [...facts({}).foreignAddresses, address(9, text)],
  });
  expect(hostTroubles(facts({}, { links }))).toEqual([]);
  expect(hostTroubles(facts({}, bound('10.96.0.1/32')))).toEqual([]);
  expect(hostTroubles(facts({}, bound('192.0.2.9/32')))).toMatchObject([
    { type: 'IPVSWithoutStrictARP', message: expect.stringContaining('net.ipv4.conf.all.arp_ignore=1') as string },
  ]);
  expect(hostTroubles(facts({ all: { arp_ignore: 1 } }, bound('192.0.2.9/32')))).toEqual([]);
});

test('an interface without IPv4 has none of these troubles', () => {
  const { segments, ...rest } = facts({ all: { arp_ignore: 8, rp_filter: 1 }, eth0: { arp_announce: 0 } });
  const ipv6 = segments.map((segment) => Object.assign({}, segment, { ownAddresses: [] }));
  expect(hostTroubles({ ...rest, segments: ipv6 })).toEqual([]);
});

test('an interface with a dot in its name is written as sysctl wants it', () => {
  const { segments, settings, ...rest } = facts({ eth1: { rp_filter: 1 } });
  const renamed = segments
    .filter(({ name }) => name === 'eth1')
    .map((segment) => Object.assign({}, segment, { name: 'eth1.7' }));
  const values = new Map([...settings, ['eth1.7', { ...GOOD, rp_filter: 1 }]]);
  const [trouble] = hostTroubles({ ...rest, segments: renamed, settings: values });
  expect(trouble?.message).toContain('net.ipv4.conf.eth1/7.rp_filter=2');
});

/** A line of /proc/net/unix. */
function socket(path: string): string {
  return `0000: 00000002 00000000 00010000 0001 01 17432 ${path}\n`;
}

test('daemons are known by the sockets that they listen on', () => {
  const head = 'Num       RefCount Protocol Flags    Type St Inode Path\n';
  expect(networkDaemons(head + socket('/run/dbus/system_bus_socket'))).toEqual([]);
  expect(networkDaemons(head + socket('/run/systemd/netif/io.systemd.Network'))).toEqual(['systemd-networkd']);
  expect(networkDaemons(head + socket('/run/NetworkManager/private-dbus'))).toEqual(['NetworkManager']);
});
