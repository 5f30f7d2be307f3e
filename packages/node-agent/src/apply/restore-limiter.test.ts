import { RestoreLimiter } from './restore-limiter.ts';

test('an object is put back at once, up to five times a minute', () => {
  const limiter = new RestoreLimiter();
  const decisions = [0, 1000, 2000, 3000, 4000, 5000].map((now) => limiter.removed('a', now).type);
  expect(decisions).toEqual(['now', 'now', 'now', 'now', 'now', 'later']);
  expect(limiter.contested(5000)).toEqual(['a']);
});

test('after that it waits a minute from the last time, and one object does not hold up another', () => {
  const limiter = new RestoreLimiter();
  for (let now = 0; now < 5000; now += 1000) {
    limiter.removed('a', now);
  }
  expect(limiter.removed('a', 10_000)).toEqual({ type: 'later', afterMs: 54_000 });
  expect(limiter.removed('b', 10_000)).toEqual({ type: 'now' });
  expect(limiter.removed('a', 64_000)).toEqual({ type: 'now' });
});

test('removals that are minutes apart are never a fight', () => {
  const limiter = new RestoreLimiter();
  for (let minute = 0; minute < 20; minute += 1) {
    expect(limiter.removed('a', minute * 60_000)).toEqual({ type: 'now' });
  }
  expect(limiter.contested(3_600_000)).toEqual([]);
});
