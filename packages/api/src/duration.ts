import { quote } from './quote.ts';

const UNITS = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;
const FORM = /^(?:(?<h>\d{1,6})h)?(?:(?<m>\d{1,6})m)?(?:(?<s>\d{1,6})s)?(?:(?<ms>\d{1,6})ms)?$/;

/** Thrown where text is not a duration. The message is a whole sentence that says what to write instead. */
export class DurationError extends Error {
  override readonly name = 'DurationError';
}

/**
 * Milliseconds of a duration as the custom resources have it: whole numbers with the units h, m, s, ms, each at most
 * once and in this order, such as `100ms`, `9s`, `1m30s`, `24h`.
 * @throws {DurationError} with a sentence for the user
 */
export function parseDuration(text: string): number {
  const groups = text === '' ? undefined : FORM.exec(text)?.groups;
  if (groups === undefined) {
    throw new DurationError(
      `${quote(text)} is not a duration; write one with units from h, m, s and ms, such as 500ms, 9s, 1m30s or 24h`,
    );
  }
  return Object.entries(UNITS).reduce((sum, [unit, factor]) => sum + Number(groups[unit] ?? 0) * factor, 0);
}
