import type { Printable } from './printable.ts';

/**
 * What templates print: checked text and nothing else. Every field is always present, so that a misspelled one in a
 * template is an error and not silence; what is absent is empty text (`{{#if}}` is false) or an empty list. Numbers are
 * text too, because Handlebars adds numbers that stand side by side: `{{asn}}{{port}}` would print their sum.
 *
 * This is the interface to users' templates: fields are added, never renamed or removed.
 */
export interface RouterView {
  /** Name of the Router that it was made from. */
  readonly router: Printable;
  readonly node: NodeView;
  /** Written like an IPv4 address. */
  readonly routerID: Printable;
  /** Our AS number; empty without BGP. */
  readonly asn: Printable;
  /** Where virtual addresses and their routes are. */
  readonly dummyInterface: Printable;
  /** The protocol number that marks our routes in the kernel. */
  readonly kernelProtocol: Printable;
  /** The metric of our routes in the kernel. */
  readonly kernelMetric: Printable;
  /** The same as FRR has it, for `match metric`. */
  readonly frrMetric: Printable;
  readonly bgp: BGPView;
  readonly ospf: OSPFView;
  readonly rip: RIPView;
  readonly bfd: BFDView;
  /** Groups of prefixes that may be announced, the most telling first; see {@link GroupView}. */
  readonly groups: readonly GroupView[];
  /** `spec.variables` of the Router, as written, without control characters. */
  readonly variables: Readonly<Record<string, Printable>>;
}

export interface NodeView {
  readonly name: Printable;
  /** The node's addresses; empty where it has none of the family. */
  readonly ipv4: Printable;
  readonly ipv6: Printable;
}

export interface BGPView {
  readonly listenPort: Printable;
  /** Seconds for which neighbors keep our routes; empty: graceful restart is off. */
  readonly gracefulRestartTime: Printable;
  /** `yes` where a BGP neighbor uses BFD. */
  readonly usesBFD: Printable;
  readonly neighbors: readonly NeighborView[];
}

export interface NeighborView {
  /** As the user wrote it. */
  readonly name: Printable;
  /** Name of the protocol in BIRD: `bgp_` and the name, with underscores for dashes. */
  readonly protocol: Printable;
  /** Empty: unnumbered, whoever speaks BGP on `interface`. */
  readonly address: Printable;
  /** What FRR calls it: its address, or the interface where that is empty. */
  readonly peer: Printable;
  readonly asn: Printable;
  readonly port: Printable;
  /** Our address in the session; empty: the kernel chooses. */
  readonly localAddress: Printable;
  /** Interface towards it; empty: by the routing table. */
  readonly interface: Printable;
  /** Hops; empty: on a network of this node. */
  readonly multihop: Printable;
  /** `yes`: wait for the neighbor to connect. */
  readonly passive: Printable;
  /** TCP MD5 password; empty: none. */
  readonly password: Printable;
  /** The Secret that the password is from; empty: none. */
  readonly passwordSecret: Printable;
  /** Milliseconds between BFD packets; empty: no BFD. */
  readonly bfdInterval: Printable;
  readonly bfdMultiplier: Printable;
  /** Seconds. */
  readonly holdTime: Printable;
  readonly keepaliveTime: Printable;
  /** `yes` for each family that is announced. */
  readonly ipv4: Printable;
  readonly ipv6: Printable;
  /** Next hop to announce where it cannot be the session's own address; empty: the session's own. */
  readonly nextHopIPv4: Printable;
  readonly nextHopIPv6: Printable;
  /** `yes` where IPv4 routes may have an IPv6 next hop (RFC 8950): over link-local addresses. */
  readonly extendedNextHop: Printable;
}

/** BFD as OSPF and RIP use it: with whomever they find on an interface. BGP's times stand with each neighbor. */
export interface BFDView {
  /** `yes` where any protocol uses BFD. */
  readonly used: Printable;
  readonly interfaces: readonly BFDInterfaceView[];
}

export interface BFDInterfaceView {
  readonly name: Printable;
  /** Milliseconds between packets, and after how many missing ones the session is down. */
  readonly interval: Printable;
  readonly multiplier: Printable;
}

/** Without OSPF all is empty. */
export interface OSPFView {
  /** `yes` where version 2 announces IPv4 routes. */
  readonly ipv4: Printable;
  /** `yes` where version 3 announces IPv6 routes. */
  readonly ipv6: Printable;
  /** Of our routes. */
  readonly metric: Printable;
  /** `1` or `2`: the kind of external metric. */
  readonly metricType: Printable;
  /** Empty: none. */
  readonly tag: Printable;
  /** None is without interfaces. */
  readonly areas: readonly OSPFAreaView[];
}

export interface OSPFAreaView {
  /** Written like an IPv4 address. */
  readonly id: Printable;
  /** `yes`: not so stubby (RFC 3101). */
  readonly nssa: Printable;
  readonly interfaces: readonly OSPFInterfaceView[];
}

/** How packets on an interface are authenticated. */
export interface AuthenticationView {
  /** Empty: not at all. */
  readonly password: Printable;
  /** The Secret that the password is from; empty: none. */
  readonly passwordSecret: Printable;
  /** Number of the password; empty without one. */
  readonly passwordID: Printable;
  /** `md5`, `sha1`, `sha256`, `sha384` or `sha512`: all but the first are HMACs. Empty without a password. */
  readonly algorithmIPv4: Printable;
  /** The same for IPv6, where `md5` does not exist. */
  readonly algorithmIPv6: Printable;
}

export interface OSPFInterfaceView extends AuthenticationView {
  readonly name: Printable;
  readonly cost: Printable;
  /** In the choice of the designated router; `0`: never. */
  readonly priority: Printable;
  /** Seconds. */
  readonly helloInterval: Printable;
  readonly deadInterval: Printable;
  /** `yes`: point to point; else a broadcast network. */
  readonly pointToPoint: Printable;
  /** `yes`: its networks are announced, and nobody is spoken to. */
  readonly passive: Printable;
  /** `yes`: with the times of {@link BFDView}. */
  readonly bfd: Printable;
}

/** Without RIP all is empty. */
export interface RIPView {
  /** `yes` where an interface announces IPv4 routes by version 2. */
  readonly ipv4: Printable;
  /** `yes` where an interface announces IPv6 routes by RIPng. */
  readonly ipv6: Printable;
  /** Of our routes. */
  readonly metric: Printable;
  /** Empty: none. */
  readonly tag: Printable;
  readonly interfaces: readonly RIPInterfaceView[];
}

export interface RIPInterfaceView extends AuthenticationView {
  readonly name: Printable;
  /** `yes` for each family that is announced there. */
  readonly ipv4: Printable;
  readonly ipv6: Printable;
  /** Seconds between two announcements of all routes. */
  readonly updateInterval: Printable;
  /** Seconds after which a router that says nothing is forgotten: six times the interval, as in RFC 2453 (3.8). */
  readonly timeout: Printable;
  /** `yes`: with the times of {@link BFDView}. */
  readonly bfd: Printable;
}

/** A ServiceGroup as the router sees it. A route belongs to the first group that has it. */
export interface GroupView {
  /** Name of the ServiceGroup, or `kept` for routes of addresses that outlived their pool. */
  readonly name: Printable;
  /** The name as a symbol, unique among the groups. */
  readonly symbol: Printable;
  readonly ipv4: readonly PrefixRangeView[];
  readonly ipv6: readonly PrefixRangeView[];
  readonly communities: readonly CommunityView[];
  readonly largeCommunities: readonly LargeCommunityView[];
  /** Empty: the daemon's default. */
  readonly localPref: Printable;
}

/** Routes inside `prefix` whose length is from `minLength` to `maxLength`. */
export interface PrefixRangeView {
  readonly prefix: Printable;
  /** Of the prefix itself. FRR takes no bound that is the same. */
  readonly length: Printable;
  readonly minLength: Printable;
  readonly maxLength: Printable;
}

/** A community of RFC 1997: `asn:value`. */
export interface CommunityView {
  readonly asn: Printable;
  readonly value: Printable;
}

/** A large community of RFC 8092: `global:local1:local2`. */
export interface LargeCommunityView {
  readonly global: Printable;
  readonly local1: Printable;
  readonly local2: Printable;
}
