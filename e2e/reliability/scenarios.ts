import { AGENT_GONE } from './agent-gone.ts';
import { LAN_SCENARIOS } from './lan-scenarios.ts';
import { MANY_ADDRESSES } from './many-addresses.ts';
import { NODE_DEATH } from './node-death.ts';
import { PAUSED_NODE } from './paused-node.ts';
import { PLANNED_MOVE } from './planned-move.ts';
import { ROUTED_SCENARIOS } from './routed-scenarios.ts';
import type { Scenario } from './scenario.ts';

/** All scenarios, in the order in which they run and stand in the table. */
export const SCENARIOS: readonly Scenario[] = [
  ...AGENT_GONE,
  ...NODE_DEATH,
  ...PLANNED_MOVE,
  ...PAUSED_NODE,
  ...MANY_ADDRESSES,
  ...LAN_SCENARIOS,
  ...ROUTED_SCENARIOS,
];
