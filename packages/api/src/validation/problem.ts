import type { Explanation } from '../refusals.ts';

/**
 * What is wrong with an object that the API server let pass, because CEL cannot say it: reason and message of its
 * condition `Ready=False`.
 */
export interface Problem<R extends string> {
  readonly reason: R;
  /** A whole sentence that says what to write instead. */
  readonly sentence: string;
  /** Where in the object, such as `spec.pools[0].range`. */
  readonly path: string;
}

/** What reasons mean and what to do about them; the reference's tables are made from such values. */
export type Explanations = Readonly<Record<string, Explanation>>;
