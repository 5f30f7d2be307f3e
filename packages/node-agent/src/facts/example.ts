import type { NodeFacts } from '../cluster/objects/node.ts';

/** For tests: a Node of which nothing is to be said. */
export const EXAMPLE_NODE: NodeFacts = {
  key: 'here',
  uid: 'u',
  resourceVersion: '1',
  labels: {},
  excluded: undefined,
  networkUnavailable: false,
  addresses: [],
  podRanges: [],
};
