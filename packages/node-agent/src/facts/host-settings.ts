import { formatAddress, prefixContains } from '@fairlead/api';
import type { Address } from '@fairlead/api';
import type { InterfaceAddress, Link } from '@fairlead/netlink';
import type { Segment } from '../plan/types.ts';

/** kube-proxy in IPVS mode puts every Service address here. */
export const IPVS_INTERFACE = 'kube-ipvs0';

/** The sysctls of `net.ipv4.conf` that matter to local addresses. */
export const SETTINGS = ['arp_ignore', 'arp_announce', 'rp_filter', 'promote_secondaries'] as const;

/** Name of a sysctl under `net.ipv4.conf.INTERFACE`. */
export type SettingName = (typeof SETTINGS)[number];

/** Values under one name of `net.ipv4.conf`; those that could not be read are left out. */
export type Settings = { readonly [name in SettingName]?: number };

/** The sysctls by interface, `all` among them. For those here the kernel takes the higher of `all` and the interface's. */
export type HostSettings = ReadonlyMap<string, Settings>;

/** Something about the host that makes local addresses fail, and its cure. `type` is that of the condition. */
export interface HostTrouble {
  readonly type: 'ARPIgnored' | 'ARPAnnounce' | 'IPVSWithoutStrictARP' | 'ReversePathFilter' | 'SecondariesLost';
  readonly message: string;
}

/** What {@link hostTroubles} looks at. */
export interface HostFacts {
  readonly segments: readonly Segment[];
  readonly settings: HostSettings;
  readonly links: Iterable<Link>;
  /** All addresses that are not ours. */
  readonly foreignAddresses: Iterable<InterfaceAddress>;
}

/** The value that the kernel goes by on an interface; undefined where it could not be read. */
export function effective(settings: HostSettings, name: string, setting: SettingName): number | undefined {
  const all = settings.get('all')?.[setting];
  const own = settings.get(name)?.[setting];
  return all === undefined || own === undefined ? undefined : Math.max(all, own);
}

/** Whether an interface may ask with an address of ours as sender, which misleads the LAN about who has it. */
export function asksWithAnyAddress(settings: HostSettings, segment: Segment): boolean {
  const value = effective(settings, segment.name, 'arp_announce');
  return hasIPv4(segment) && value !== undefined && value < 2;
}

/** What is wrong on this host, each kind once, with the sysctl to set. Pure. */
export function hostTroubles(facts: HostFacts): HostTrouble[] {
  const segments = facts.segments.filter(hasIPv4);
  return [
    ...arpIgnored(facts, segments),
    ...arpAnnounce(facts, segments),
    ...ipvsWithoutStrictARP(facts, segments),
    ...reversePathFilter(facts, segments),
    ...secondariesLost(facts, segments),
  ];
}

/** net/ipv4/arp.c, arp_ignore(): 8 answers for no local address; 4 to 7 are reserved and do nothing. */
function arpIgnored({ settings }: HostFacts, segments: readonly Segment[]): HostTrouble[] {
  const deaf = segments.filter(({ name }) => effective(settings, name, 'arp_ignore') === 8);
  if (deaf.length === 0) {
    return [];
  }
  const cures = deaf.flatMap(({ name }) => lowering(settings, { name, setting: 'arp_ignore', above: 7, to: 1 }));
  return [
    {
      type: 'ARPIgnored',
      message: `${namesOf(deaf)} answers no ARP question (arp_ignore is 8), so nobody reaches local IPv4 addresses there; ${run(cures)}`,
    },
  ];
}

function arpAnnounce({ settings }: HostFacts, segments: readonly Segment[]): HostTrouble[] {
  const careless = segments.filter((segment) => asksWithAnyAddress(settings, segment));
  if (careless.length === 0) {
    return [];
  }
  const cures = careless.map(({ name }) => sysctl(name, 'arp_announce', 2));
  return [
    {
      type: 'ARPAnnounce',
      message: `${namesOf(careless)} asks the LAN with any local address as sender (arp_announce is below 2), and the agent may not set it: while an address moves, its former node can draw traffic back; ${run(cures)}`,
    },
  ];
}

function ipvsWithoutStrictARP(
  { settings, links, foreignAddresses }: HostFacts,
  segments: readonly Segment[],
): HostTrouble[] {
  const ipvs = [...links].find(({ name }) => name === IPVS_INTERFACE);
  if (ipvs === undefined) {
    return [];
  }
  const bound = [...foreignAddresses].filter(({ index }) => index === ipvs.index).map(({ address }) => address);
  const open = segments.filter(({ name }) => {
    const ignore = effective(settings, name, 'arp_ignore');
    const announce = effective(settings, name, 'arp_announce');
    return ignore === 0 || (announce !== undefined && announce < 2);
  });
  const found = bound.find((address) => open.some(({ subnets }) => isWithin(subnets, address)));
  if (found === undefined) {
    return [];
  }
  const exposed = open.filter(({ subnets }) => isWithin(subnets, found));
  const cures = [sysctl('all', 'arp_ignore', 1), sysctl('all', 'arp_announce', 2)];
  return [
    {
      type: 'IPVSWithoutStrictARP',
      message: `kube-proxy in IPVS mode has put local addresses (${formatAddress(found)}) on ${IPVS_INTERFACE}, and ${namesOf(exposed)} answers for them on every node; set ipvs.strictARP: true in kube-proxy's configuration, or ${run(cures)}`,
    },
  ];
}

/** net/ipv4/fib_frontend.c, fib_validate_source(): 1 drops what came in by another interface than the way back. */
function reversePathFilter({ settings }: HostFacts, segments: readonly Segment[]): HostTrouble[] {
  const strict = segments.filter(
    ({ name, defaultFor }) => !defaultFor.includes('IPv4') && effective(settings, name, 'rp_filter') === 1,
  );
  if (strict.length === 0) {
    return [];
  }
  const cures = strict.map(({ name }) => sysctl(name, 'rp_filter', 2));
  return [
    {
      type: 'ReversePathFilter',
      message: `${namesOf(strict)} has not the default route and a strict rp_filter (1), which drops what clients beyond its own subnets send to local addresses there, unless rules route the answers back; ${run(cures)}`,
    },
  ];
}

/**
 * net/ipv4/devinet.c, __inet_del_ifa(): without promotion the later addresses of a subnet go with its first one. Ours are
 * host addresses and stay, but an interface that has no address of its own left can hold none of them.
 */
function secondariesLost({ settings, foreignAddresses }: HostFacts, segments: readonly Segment[]): HostTrouble[] {
  const second = new Set(
    [...foreignAddresses]
      .filter(({ address, flags }) => address.family === 'IPv4' && flags.secondary)
      .map(({ index }) => index),
  );
  const atRisk = segments.filter(
    ({ index, name }) => second.has(index) && effective(settings, name, 'promote_secondaries') === 0,
  );
  if (atRisk.length === 0) {
    return [];
  }
  const cures = atRisk.map(({ name }) => sysctl(name, 'promote_secondaries', 1));
  return [
    {
      type: 'SecondariesLost',
      message: `${namesOf(atRisk)} has several addresses in one subnet and loses all of them with the first one (promote_secondaries is 0), and 10 s later the local addresses that need them; ${run(cures)}`,
    },
  ];
}

/** A daemon that manages interfaces in this network namespace, by the sockets that it listens on. */
export type NetworkDaemon = 'NetworkManager' | 'systemd-networkd';

const SOCKETS: readonly (readonly [NetworkDaemon, RegExp])[] = [
  ['NetworkManager', /\s\/run\/NetworkManager\//m],
  ['systemd-networkd', /\s\/run\/systemd\/netif\//m],
];

/**
 * The daemons that seem to manage interfaces here. Sockets belong to the network namespace, so a Pod with `hostNetwork`
 * sees the host's without seeing its processes or files. Pure.
 * @param unixSockets `/proc/net/unix`
 */
export function networkDaemons(unixSockets: string): NetworkDaemon[] {
  return SOCKETS.filter(([, pattern]) => pattern.test(unixSockets)).map(([name]) => name);
}

function hasIPv4({ ownAddresses }: Segment): boolean {
  return ownAddresses.some(({ address }) => address.family === 'IPv4');
}

function isWithin(subnets: Segment['subnets'], address: Address): boolean {
  return subnets.some((subnet) => prefixContains(subnet, address));
}

function namesOf(segments: readonly Segment[]): string {
  return segments.map(({ name }) => name).join(', ');
}

/** What brings the effective value down: each of `all` and the interface's that is above the bound. */
function lowering(
  settings: HostSettings,
  { name, setting, above, to }: { name: string; setting: SettingName; above: number; to: number },
): string[] {
  return ['all', name]
    .filter((each) => (settings.get(each)?.[setting] ?? 0) > above)
    .map((each) => sysctl(each, setting, to));
}

/** An assignment as sysctl(8) takes it; dots in the name of an interface are slashes there. */
function sysctl(name: string, setting: SettingName, value: number): string {
  return `net.ipv4.conf.${name.replaceAll('.', '/')}.${setting}=${value}`;
}

function run(assignments: readonly string[]): string {
  return `run: sysctl -w ${[...new Set(assignments)].join(' ')} (and put it into /etc/sysctl.d)`;
}
