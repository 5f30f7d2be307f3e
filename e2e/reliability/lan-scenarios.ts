import { API_AWAY } from './lan-api-away.ts';
import { ENDPOINTS_MOVE } from './lan-endpoints.ts';
import { ALL_EXCLUDED } from './lan-excluded.ts';
import { FOREIGN_HOSTS } from './lan-foreign.ts';
import { LEARNING } from './lan-learning.ts';
import { PROXY_ARP } from './lan-proxy-arp.ts';
import { REMOVED } from './lan-removed.ts';
import { SPLIT } from './lan-split.ts';
import { SUPPRESSION } from './lan-suppression.ts';
import type { Scenario } from './scenario.ts';

/** Faults of the LAN itself, of those who use it, and of what nodes know of each other. */
export const LAN_SCENARIOS: readonly Scenario[] = [
  LEARNING,
  SUPPRESSION,
  PROXY_ARP,
  SPLIT,
  ...FOREIGN_HOSTS,
  REMOVED,
  ALL_EXCLUDED,
  ENDPOINTS_MOVE,
  ...API_AWAY,
];
