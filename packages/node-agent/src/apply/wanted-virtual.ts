import type { Address, Prefix } from '@fairlead/api';
import type { AddressKey, PrefixKey } from '../plan/keys.ts';
import type { Wanted } from '../plan/planner.ts';

/** What the node is to announce by routes, live: the planner, or the state file before the first sync. */
export interface WantedVirtual {
  virtual(key: AddressKey): Wanted;
  address(key: AddressKey): Address | undefined;
  route(key: PrefixKey): Prefix | undefined;
  /** How many addresses are undecided. */
  readonly holdCount: number;
  /** Whether a route that nobody wants may be that of an undecided address: it stays. */
  holds(prefix: Prefix): boolean;
  /** Whether an aggregate covers what must stay reachable: it goes, whatever else is undecided. */
  endangers(prefix: Prefix): boolean;
  virtualAddresses(): Iterable<[AddressKey, Address]>;
  routes(): Iterable<[PrefixKey, Prefix]>;
}
