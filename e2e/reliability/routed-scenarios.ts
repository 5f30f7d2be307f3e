import { ROUTED_AGENT } from './routed-agent.ts';
import { ROUTED_CELLS } from './routed-cells.ts';
import { ROUTED_DAEMON } from './routed-daemon.ts';
import { ROUTED_DEATH } from './routed-death.ts';
import { ROUTED_EDITS } from './routed-edits.ts';
import { ROUTED_ENDPOINTS } from './routed-endpoints.ts';
import { ROUTED_PLANNED } from './routed-planned.ts';
import { ROUTED_REMOVED } from './routed-removed.ts';
import type { RoutedScenario } from './routed-stage.ts';
import { ROUTED_TOR } from './routed-tor.ts';
import type { Scenario } from './scenario.ts';

/** Those that share a stage: those of one setting stand together, so that it changes seldom. */
export const ROUTED: readonly RoutedScenario[] = [
  ...ROUTED_AGENT,
  ...ROUTED_PLANNED,
  ...ROUTED_EDITS,
  ...ROUTED_REMOVED,
  ...ROUTED_TOR,
  ...ROUTED_DEATH,
  ...ROUTED_DAEMON,
];

/** Virtual addresses: what agents, nodes, daemons, routers and people do to them. */
export const ROUTED_SCENARIOS: readonly Scenario[] = [...ROUTED, ...ROUTED_ENDPOINTS, ...ROUTED_CELLS];
