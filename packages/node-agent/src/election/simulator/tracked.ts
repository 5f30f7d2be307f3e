import type { Address } from '@fairlead/api';
import type { Causes } from './causes.ts';
import type { SimulatedLan } from './lan.ts';
import type { Ledger } from './ledger.ts';
import type { SimulatedNode } from './node.ts';
import type { Sightings } from './sightings.ts';

/** What a referee knows of one service address. */
export interface Tracked {
  readonly address: Address;
  readonly key: bigint;
  /** Position of the Service in the history. */
  readonly position: number;
  readonly lan: SimulatedLan;
  readonly ledger: Ledger;
  readonly causes: Causes;
  holders: readonly SimulatedNode[];
  /** Nodes that lost it while no agent of theirs could say so: others have heard that they have it. */
  readonly lostBy: Set<SimulatedNode>;
  /** Since when the API server lets those who hand it over, and somebody to take it, write and hear. */
  movableSince: number;
  /** Until when a fabric kept the announcements of some nodes from the others. */
  suppressedUntil: number;
  /** Somebody has had it. */
  had: boolean;
  /** Since when the weather is calm for it: the last step that touched it began or ended then. */
  calmSince: number;
  /** Until then nobody need take it: a foreign owner was there, and nodes back off. */
  backOffUntil: number;
  /** Who got it, as whoever was there could see. */
  readonly seen: Sightings;
  /** Who announced it, as whoever was there could hear: so a fabric counts. */
  readonly heard: Sightings;
}
