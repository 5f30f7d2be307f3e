import type { Wanted } from '../plan/planner.ts';

/** What {@link decideAddress} looks at. */
export interface AddressSituation {
  readonly wanted: Wanted;
  /** Our address is there. */
  readonly ours: boolean;
  /** Somebody else's address of the same form is there. */
  readonly foreign: boolean;
  /** When its grace time ends; undefined: it has not begun. */
  readonly graceUntil: number | undefined;
  readonly now: number;
}

/** What to do about one address. `grace`: begin its grace time. */
export type AddressStep =
  | { readonly type: 'nothing' | 'add' | 'delete' | 'grace' }
  /** Its grace time is not over: look again in so many ms. Timers can be early. */
  | { readonly type: 'wait'; readonly ms: number };

const NOTHING: AddressStep = { type: 'nothing' };

/**
 * One address, wanted against actual. What is wanted and there stays untouched, whoever put it there; what is not ours
 * is never removed; what is ours and no longer wanted goes after a grace time, when its route is gone for long enough
 * that nobody sends to it.
 */
export function decideAddress({ wanted, ours, foreign, graceUntil, now }: AddressSituation): AddressStep {
  switch (wanted) {
    case 'hold':
      return NOTHING;
    case 'yes':
      return ours || foreign ? NOTHING : { type: 'add' };
    case 'no':
      if (!ours) {
        return NOTHING;
      }
      if (graceUntil === undefined) {
        return { type: 'grace' };
      }
      return now >= graceUntil ? { type: 'delete' } : { type: 'wait', ms: graceUntil - now };
    default:
      return wanted satisfies never;
  }
}

/**
 * Whether a route of ours that nobody wants goes.
 * @param holdCount how many addresses are undecided: while there are any, the route may be theirs
 */
export function deletesRoute(holdCount: number): boolean {
  return holdCount === 0;
}
