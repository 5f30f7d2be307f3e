import { findInterval, intervalsSize, subtractIntervals } from './intervals.ts';

const span = (first: number, last: number) => ({ first: BigInt(first), last: BigInt(last) });

describe('intervals', () => {
  it('cuts holes out of the middle, at both ends, and across several intervals', () => {
    expect(subtractIntervals([span(0, 9)], [span(3, 4)])).toEqual([span(0, 2), span(5, 9)]);
    expect(subtractIntervals([span(0, 9)], [span(9, 20), span(0, 0)])).toEqual([span(1, 8)]);
    expect(subtractIntervals([span(0, 9), span(20, 29)], [span(5, 24)])).toEqual([span(0, 4), span(25, 29)]);
  });

  it('leaves nothing where holes cover all, however they overlap', () => {
    expect(subtractIntervals([span(0, 9)], [span(4, 9), span(0, 6)])).toEqual([]);
  });

  it('counts more numbers than a double can', () => {
    expect(intervalsSize([{ first: 0n, last: (1n << 96n) - 1n }, span(5, 5)])).toBe((1n << 96n) + 1n);
  });

  it('finds the interval of a value and nothing between intervals', () => {
    const intervals = [span(0, 4), span(10, 14), span(20, 24)];
    expect([0, 4, 5, 9, 10, 14, 19, 22, 25].map((value) => findInterval(intervals, BigInt(value))?.first)).toEqual([
      0n,
      0n,
      undefined,
      undefined,
      10n,
      10n,
      undefined,
      20n,
      undefined,
    ]);
  });
});
