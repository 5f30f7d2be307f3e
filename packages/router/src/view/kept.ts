import { attempt } from './collect.ts';
import type { RouterViewProblem } from './problem.ts';

/** A part of a view that stays as it was where it cannot be made anew. */
export interface KeptPart<T> {
  /** Its name in sentences, such as `neighbor tor`. */
  readonly what: string;
  /** @throws {PlacedProblem} where it cannot be made */
  readonly make: () => T;
  /** What it was in the last view; undefined where it was not there. */
  readonly previous: () => T | undefined;
  /** Called where it stays as it was. */
  readonly keep?: (part: T) => void;
}

/**
 * Makes a part of a view. One with a problem stays as it was, so that no session ends for a mistake, and is left out
 * where it was not there; the sentence of the problem says which.
 * @returns the part, or nothing
 */
export function keptWhereFaulty<T>(
  { what, make, previous, keep }: KeptPart<T>,
  problems: RouterViewProblem[],
): readonly T[] {
  const found: RouterViewProblem[] = [];
  const made = attempt(found, make);
  if (made !== undefined) {
    problems.push(...found);
    return [made];
  }
  const before = previous();
  const consequence = before === undefined ? `${what} is left out until then` : 'until then it stays as it was';
  problems.push(
    ...found.map((problem) => Object.assign({}, problem, { sentence: `${problem.sentence}; ${consequence}` })),
  );
  if (before === undefined) {
    return [];
  }
  keep?.(before);
  return [before];
}
