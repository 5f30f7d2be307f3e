import type { Problem } from '@fairlead/api';

/** Why something of a Router is not in the configuration, and what to do about it. */
export const ROUTER_VIEW_PROBLEMS = {
  InvalidValue: {
    meaning: 'A value cannot stand in the configuration of a routing daemon.',
    cure: 'Write what the sentence asks for.',
  },
  SecretMissing: {
    meaning: 'The Secret with the password of a neighbor is missing, or has no key `password`.',
    cure: "Make the Secret in the release's namespace and name it in `router.secretNames` of the chart.",
  },
  NeighborNameClash: {
    meaning: 'Two neighbors have names that the daemon cannot tell apart (`tor-1` and `tor_1`).',
    cure: 'Rename one of them.',
  },
  UnnumberedUnsupported: {
    meaning: 'BIRD cannot find a neighbor without its address.',
    cure: 'Write `address`, which may be a link-local one, beside `interface`.',
  },
  NextHopMissing: {
    meaning:
      'A family cannot be announced to a multihop neighbor, as the node has no address of it to name as next hop.',
    cure: 'Give the node an address of the family, or leave the family out of `families`.',
  },
  DaemonUnsupported: {
    meaning: 'This version cannot configure the routing daemon.',
    cure: 'Write `daemon: BIRD`, or `daemon: None` and configure the daemon by hand.',
  },
  ProtocolUnsupported: {
    meaning: 'This version cannot configure the routing protocol.',
    cure: 'Use `bgp`, or add the protocol to your own templates.',
  },
} as const;

export type RouterViewReason = keyof typeof ROUTER_VIEW_PROBLEMS;

/** A {@link Problem} of a Router on one node, with the object that has to be changed. */
export interface RouterViewProblem extends Problem<RouterViewReason> {
  readonly object: { readonly kind: 'Router' | 'ServiceGroup' | 'Secret' | 'Node'; readonly name: string };
}
