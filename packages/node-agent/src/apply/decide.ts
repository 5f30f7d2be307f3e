import type { Wanted } from '../plan/planner.ts';

/** How far the grace time of an address is. */
export type GraceState = 'none' | 'running' | 'over';

/** What {@link decideAddress} looks at. */
export interface AddressSituation {
  readonly wanted: Wanted;
  /** Our address is there. */
  readonly ours: boolean;
  /** Somebody else's address of the same form is there. */
  readonly foreign: boolean;
  /** Ours is also on an interface that was the one for virtual addresses before. */
  readonly stray: boolean;
  /** Whether every route that is to go is gone. */
  readonly routesGone: boolean;
  readonly grace: GraceState;
}

/**
 * What to do about one address. `later`: look again when the routes are gone; `grace`: begin its grace time; `delete`: take
 * all of ours away; `tidy`: take away those on former interfaces.
 */
export type AddressStep = 'nothing' | 'add' | 'later' | 'grace' | 'delete' | 'tidy';

/**
 * One address, wanted against actual. What is wanted and there stays untouched, whoever put it there; what is not ours
 * is never removed; what is ours and no longer wanted goes a grace time after its route, when nobody sends to it any more.
 */
export function decideAddress(situation: AddressSituation): AddressStep {
  const { wanted, ours, foreign, stray, routesGone, grace } = situation;
  switch (wanted) {
    case 'hold':
      return 'nothing';
    case 'yes':
      if (!ours && !foreign) {
        return 'add';
      }
      // With the last IPv4 address of an interface go the IPv4 routes that are still on it.
      return stray ? (routesGone ? 'tidy' : 'later') : 'nothing';
    case 'no':
      if (!ours && !stray) {
        return 'nothing';
      }
      if (!routesGone) {
        return 'later';
      }
      return grace === 'none' ? 'grace' : grace === 'over' ? 'delete' : 'nothing';
    default:
      return wanted satisfies never;
  }
}
