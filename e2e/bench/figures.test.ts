import { figureRows, formatNumber, formatTable, keepsItsBound, quantile } from './figures.ts';

it('takes quantiles by nearest rank', () => {
  const samples = [5, 1, 4, 2, 3];
  expect([quantile(samples, 0.5), quantile(samples, 0.99), quantile(samples, 0.2)]).toEqual([3, 5, 1]);
  expect(() => quantile([], 0.5)).toThrow(RangeError);
});

it('tells a kept bound from a missed one, in both directions', () => {
  const figure = { what: 'x', value: 10, unit: 'ms' } as const;
  expect(keepsItsBound(figure)).toBe(true);
  expect(keepsItsBound({ ...figure, atMost: 9 })).toBe(false);
  expect(keepsItsBound({ ...figure, atLeast: 11 })).toBe(false);
  expect(keepsItsBound({ ...figure, atMost: 10, atLeast: 10 })).toBe(true);
});

it('prints a table whose columns line up and that names the missed bound', () => {
  const figures = [
    { what: 'short', value: 123.4, unit: 'ms', atMost: 100, floor: { what: 'bare', value: 1.2345 } },
  ] as const;
  const lines = formatTable(figureRows(figures)).split('\n');
  expect(lines).toHaveLength(3);
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  expect(lines[2]).toContain('123 ms');
  expect(lines[2]).toContain('1.23 ms (bare)');
  expect(lines[2]).toContain('missed');
});

it('keeps three significant digits of small numbers', () => {
  expect([formatNumber(0.0123456), formatNumber(99.96), formatNumber(1234.5)]).toEqual(['0.0123', '100', '1235']);
});
