import type { Scenario } from './scenario.ts';

/** Faults of the LAN itself, of those who use it, and of what nodes know of each other. */
export const LAN_SCENARIOS: readonly Scenario[] = [];
