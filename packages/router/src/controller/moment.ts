/**
 * A daemon may count back from its wall clock each time it is asked, so that the same moment is told a few milliseconds
 * apart (2 ms measured of BIRD on a quiet machine). Less than this is the same moment.
 */
const SAME_MOMENT_MS = 500;

/** Whether two times that a daemon has told are one moment. */
export function isSameMoment(one: Date, other: Date): boolean {
  return Math.abs(one.getTime() - other.getTime()) < SAME_MOMENT_MS;
}
