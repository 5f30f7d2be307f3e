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
  readonly bgp: BGPView;
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
  /** `yes` where a neighbor uses BFD. */
  readonly usesBFD: Printable;
  readonly neighbors: readonly NeighborView[];
}

export interface NeighborView {
  /** As the user wrote it. */
  readonly name: Printable;
  /** Name of the protocol in BIRD: `bgp_` and the name, with underscores for dashes. */
  readonly protocol: Printable;
  readonly address: Printable;
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
