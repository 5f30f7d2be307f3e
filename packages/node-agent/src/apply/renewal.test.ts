import { parseAddress } from '@fairlead/api';
import { ourAddress } from './kernel-objects.ts';
import { dueForRenewal, pauseBetweenRounds, RENEWED_A_SECOND, sustainableLifetime } from './renewal.ts';

function withLifetime(seconds: number): ReturnType<typeof ourAddress> {
  return ourAddress({
    index: 2,
    address: parseAddress('192.0.2.9'),
    mark: 'protocol',
    lifetimes: { valid: seconds, preferred: seconds },
  });
}

test('an address is due at half of its lifetime, the most urgent first, and no more than so many', () => {
  const addresses = [51, 50, 10, 30].map(withLifetime);
  const due = dueForRenewal(addresses, { lifetimeMs: 100_000, limit: 2 });
  expect(due.map(({ validLifetime }) => validLifetime)).toEqual([10, 30]);
});

test('a lifetime that was changed is set at once, longer or shorter', () => {
  const seconds = [60, 150, 200, 201, Infinity].map(withLifetime);
  const due = dueForRenewal(seconds, { lifetimeMs: 200_000, limit: 9 });
  expect(due.map(({ validLifetime }) => validLifetime)).toEqual([60, 201, Infinity]);
});

test('a lifetime that a past life wrote down shortens nothing: it may have been set longer in the last moment of that life', () => {
  const seconds = [60, 150, 200, 201, Infinity].map(withLifetime);
  const due = dueForRenewal(seconds, { lifetimeMs: 200_000, limit: 9, remembered: true });
  expect(due.map(({ validLifetime }) => validLifetime)).toEqual([60]);
});

test.each([
  ['a few are looked at seldom', 10, 3 * 3_600_000],
  ['10,000 a minute or so apart', 10_000, 68_790],
  ['no sooner than a second', 1_000_000, 1_000],
])('rounds are so far apart that all have their turn within an eighth of the lifetime: %s', (_, count, expected) => {
  expect(Math.round(pauseBetweenRounds({ lifetimeMs: 24 * 3_600_000, count }))).toBe(expected);
});

test.each([0, 1, 100, 160, 161, 5_000, 5_001, 10_000, 100_000])(
  'however short the lifetime is set, %d addresses that are due at once are all renewed before it ends',
  (count) => {
    for (const lifetimeMs of [10_000, 60_000, 86_400_000]) {
      const lifetime = sustainableLifetime({ lifetimeMs, count });
      const rounds = Math.ceil(count / RENEWED_A_SECOND);
      const lastRoundAt = lifetime / 2 + rounds * pauseBetweenRounds({ lifetimeMs: lifetime, count });
      expect(lastRoundAt).toBeLessThan(lifetime);
      expect(lifetime).toBeGreaterThanOrEqual(lifetimeMs);
    }
  },
);

test('a lifetime that suffices is used as it is set', () => {
  expect(sustainableLifetime({ lifetimeMs: 10_000, count: 128 })).toBe(10_000);
  expect(sustainableLifetime({ lifetimeMs: 86_400_000, count: 1_000_000 })).toBe(86_400_000);
  expect(sustainableLifetime({ lifetimeMs: 10_000, count: 10_000 })).toBe(1_024_000);
});
