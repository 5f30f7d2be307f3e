import type { Problem } from '@fairlead/api';

/** Why something of a Router is not in the configuration, and what to do about it. */
export const ROUTER_VIEW_PROBLEMS = {
  InvalidValue: {
    meaning: 'A value cannot stand in the configuration of a routing daemon.',
    cure: 'Write what the sentence asks for.',
  },
  SecretMissing: {
    meaning: 'The Secret with the password of a neighbor or an interface is missing, or has no key `password`.',
    cure: "Make the Secret in the release's namespace and name it in `router.secretNames` of the chart.",
  },
  NeighborNameClash: {
    meaning: 'Two neighbors have names that the daemon cannot tell apart (`tor-1` and `tor_1`).',
    cure: 'Rename one of them.',
  },
  NextHopMissing: {
    meaning:
      'A family cannot be announced to a multihop neighbor, as the node has no address of it to name as next hop.',
    cure: 'Give the node an address of the family, or leave the family out of `families`.',
  },
  ASNMissing: {
    meaning: 'BGP is asked for on a node that has no AS number.',
    cure: 'Write `asn`, or give the Node the label that `asnLabel` names.',
  },
  DuplicateNeighbor: {
    meaning: 'Two neighbors are the same one: same address, port and interface.',
    cure: 'Leave one of the two.',
  },
  DuplicateArea: {
    meaning: 'Two OSPF areas are the same one, written differently (`0` and `0.0.0.0`).',
    cure: 'Put their interfaces into one area.',
  },
  DuplicateInterface: {
    meaning: 'An interface is in two OSPF areas, or has two different settings of BFD.',
    cure: 'Leave it in one area; write the same `bfd` for OSPF and RIP.',
  },
  AreaTypeImpossible: {
    meaning: 'The backbone (area 0) is to be an NSSA, which OSPF does not know.',
    cure: 'Write `type: Normal`, or the number of another area.',
  },
  AuthenticationImpossible: {
    meaning: 'RIPng has no authentication (RFC 2080), and routes are not announced without what was asked for.',
    cure: 'Leave `passwordSecret` out, or write `families: [IPv4]`.',
  },
  BeyondFRR: {
    meaning: 'A Router with `daemon: FRR` asks for something that FRR cannot do.',
    cure: 'Write what the sentence asks for, or `daemon: BIRD`.',
  },
  NodeAddressMissing: {
    meaning:
      'OSPF or RIP is to announce a family of which the node has no address, or BFD over several hops is to use one.',
    cure: 'Give the node an address of the family; else leave the family out of `families`, or `bfd` out of the neighbor.',
  },
} as const;

export type RouterViewReason = keyof typeof ROUTER_VIEW_PROBLEMS;

/** A {@link Problem} of a Router on one node, with the object that has to be changed. */
export interface RouterViewProblem extends Problem<RouterViewReason> {
  readonly object: { readonly kind: 'Router' | 'ServiceGroup' | 'Secret' | 'Node'; readonly name: string };
}
