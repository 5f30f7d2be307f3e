import * as fc from 'fast-check';
import { DurationError, parseDuration } from './duration.ts';

describe('a duration', () => {
  it.each([
    ['9s', 9000],
    ['100ms', 100],
    ['24h', 86_400_000],
    ['1m30s', 90_000],
    ['1h2m3s4ms', 3_723_004],
    ['0s', 0],
    ['5m', 300_000],
  ])('%s has %d ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['', '9', '1.5s', '1s1m', '-1s', '1d', ' 9s', '9s ', '9 s', '1S', '9999999s', '1s\n'])(
    '%j is refused',
    (text) => {
      expect(() => parseDuration(text)).toThrow(DurationError);
    },
  );

  it('adds its parts up', () => {
    const part = fc.nat(999_999);
    fc.assert(
      fc.property(part, part, part, part, (h, m, s, ms) => {
        expect(parseDuration(`${h}h${m}m${s}s${ms}ms`)).toBe(((h * 60 + m) * 60 + s) * 1000 + ms);
      }),
    );
  });
});
