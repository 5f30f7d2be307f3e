import { DEFAULT_DUMMY_INTERFACE } from './names.ts';
import type { LBNodeAgentSpec } from './resources/lb-node-agent.ts';

/** The values behind `default:` in the CRD of LBNodeAgent. */
export const NODE_AGENT_DEFAULTS = {
  local: { interfaces: ['default'] },
  dummyInterface: DEFAULT_DUMMY_INTERFACE,
  // Repeated, because a switch or a neighbour may lose one.
  announcements: { count: 5, interval: '500ms' },
  addressLifetime: '24h',
  failover: { interval: '100ms', misses: 3 },
};

/** What holds on a node that no LBNodeAgent selects: the same as an LBNodeAgent in which nothing is written. */
export const DEFAULT_NODE_AGENT_SPEC: LBNodeAgentSpec = NODE_AGENT_DEFAULTS;
