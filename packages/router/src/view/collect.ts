import { AddressError } from '@fairlead/api';
import { ValueError } from './printable.ts';
import type { RouterViewProblem, RouterViewReason } from './problem.ts';

/** Where a value stands: the object and the path inside it, such as `spec.bgp.neighbors[0].port`. */
export interface Place {
  readonly object: RouterViewProblem['object'];
  readonly path: string;
}

/** The place of a field inside the value at `place`. */
export function within({ object, path }: Place, field: string): Place {
  return { object, path: path === '' ? field : `${path}.${field}` };
}

/** A problem at a place, as a sentence that names it. */
export function problemAt({ object, path }: Place, reason: RouterViewReason, sentence: string): RouterViewProblem {
  return { reason, object, path, sentence: `${object.kind} ${object.name}: ${path}: ${sentence}` };
}

/** Thrown inside {@link attempt} for a problem that is no {@link ValueError}. */
export class PlacedProblem extends Error {
  override readonly name = 'PlacedProblem';
  readonly problem: RouterViewProblem;

  constructor(problem: RouterViewProblem) {
    super(problem.sentence);
    this.problem = problem;
  }
}

/**
 * Reads one value with a check of printable.ts.
 * @throws {PlacedProblem} with the place, where the check refuses the value
 */
export function checkedAt<T>(place: Place, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof ValueError || error instanceof AddressError) {
      throw new PlacedProblem(problemAt(place, 'InvalidValue', error.message));
    }
    throw error;
  }
}

/** The result of `make`, or undefined and the problem pushed to `problems`: one bad part leaves the others alone. */
export function attempt<T>(problems: RouterViewProblem[], make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof PlacedProblem) {
      problems.push(error.problem);
      return undefined;
    }
    throw error;
  }
}
