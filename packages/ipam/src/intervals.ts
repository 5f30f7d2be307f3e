/** The numbers from `first` to `last`, both included. */
export interface Interval {
  readonly first: bigint;
  readonly last: bigint;
}

/**
 * `intervals` without what lies in `holes`. The cost grows with the number of intervals and never with how many
 * addresses they have.
 * @returns disjoint intervals in rising order, if `intervals` were so
 */
export function subtractIntervals(intervals: readonly Interval[], holes: readonly Interval[]): Interval[] {
  const sorted = holes.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const left: Interval[] = [];
  for (const interval of intervals) {
    let { first } = interval;
    for (const hole of sorted) {
      if (hole.last < first || hole.first > interval.last) {
        continue;
      }
      if (hole.first > first) {
        left.push({ first, last: hole.first - 1n });
      }
      first = hole.last + 1n;
    }
    if (first <= interval.last) {
      left.push({ first, last: interval.last });
    }
  }
  return left;
}

/** How many numbers the disjoint intervals have. */
export function intervalsSize(intervals: readonly Interval[]): bigint {
  return intervals.reduce((sum, { first, last }) => sum + (last - first + 1n), 0n);
}

/** The interval that has the value, of disjoint ones in rising order; found by halving. */
export function findInterval<T extends Interval>(intervals: readonly T[], value: bigint): T | undefined {
  let low = 0;
  let high = intervals.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const interval = intervals[middle];
    if (interval === undefined || value < interval.first) {
      high = middle - 1;
    } else if (value > interval.last) {
      low = middle + 1;
    } else {
      return interval;
    }
  }
  return undefined;
}
