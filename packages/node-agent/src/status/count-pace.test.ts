import type { LBNodeStatusStatus } from '@fairlead/api';
import { changeOf, CountPace } from './count-pace.ts';
import { changedFields } from './status-writer.ts';

function status(virtualCount: number, prefixes: number, state = 'Established'): LBNodeStatusStatus {
  return { virtualCount, router: { daemon: 'BIRD', sessions: [{ name: 'tor', state, prefixes }] } };
}

test.each<[string, LBNodeStatusStatus | undefined, LBNodeStatusStatus, ReturnType<typeof changeOf>]>([
  ['nothing', status(1, 1), status(1, 1), 'none'],
  ['the count of the plan', status(1, 1), status(2, 1), 'own-count'],
  ['routes of a session', status(1, 1), status(1, 2), 'session-counts'],
  ['both', status(1, 1), status(2, 2), 'session-counts'],
  ['a session that is lost, with its routes', status(1, 1), status(1, 0, 'Idle'), 'other'],
  ['another session', status(1, 1), { virtualCount: 1, router: { daemon: 'BIRD', sessions: [] } }, 'other'],
  ['the router itself', { virtualCount: 1 }, status(1, 1), 'other'],
  ['a local address', status(1, 1), { ...status(2, 2), localCount: 1 }, 'other'],
  ['the first status', undefined, { virtualCount: 1 }, 'other'],
])('what changed: %s', (_, before, now, change) => {
  expect(changeOf(Object.keys(changedFields(before, now)), { before, now })).toBe(change);
});

/** Counts that change all the time. @returns the times at which they are written, ms */
function writes(pace: CountPace, { from, until, everyMs }: { from: number; until: number; everyMs: number }): number[] {
  const times: number[] = [];
  for (let now = from; now < until; now += everyMs) {
    if (pace.waitMs('session-counts', now) === 0) {
      pace.written(now);
      times.push(now);
    }
  }
  return times;
}

test('counts of sessions that change rarely are written at once', () => {
  const pace = new CountPace(() => 0.5);
  expect(writes(pace, { from: 0, until: 100_000, everyMs: 10_000 })).toHaveLength(10);
});

test('the count of the plan waits for those of the sessions, which come soon, and not for ever', () => {
  const pace = new CountPace(() => 0);
  expect(pace.waitMs('own-count', 5_000)).toBe(2_000);
  expect(pace.waitMs('session-counts', 5_700)).toBe(0);
  expect(pace.waitMs('own-count', 7_000)).toBe(0);
});

test('a count that went back begins to wait anew when it changes again', () => {
  const pace = new CountPace(() => 0);
  expect(pace.waitMs('own-count', 0)).toBe(2_000);
  pace.told();
  expect(pace.waitMs('own-count', 60_000)).toBe(2_000);
});

test('counts that change all the time are written ever less, down to once in a minute or longer', () => {
  const pace = new CountPace(() => 0);
  const times = writes(pace, { from: 0, until: 600_000, everyMs: 100 });
  expect(times.slice(0, 7)).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000]);
  expect(times.length).toBeLessThanOrEqual(16);
});

test('a quiet time later they are written at once again', () => {
  const pace = new CountPace(() => 0.9);
  writes(pace, { from: 0, until: 600_000, everyMs: 100 });
  const later = 600_000 + 200_000;
  expect(pace.waitMs('session-counts', later)).toBe(0);
  pace.written(later);
  expect(pace.waitMs('session-counts', later + 1_500)).toBe(0);
});

test('nodes that see the same do not write at the same time', () => {
  const [one, other] = [new CountPace(() => 0), new CountPace(() => 0.9)];
  const times = [one, other].map((pace) => writes(pace, { from: 0, until: 300_000, everyMs: 100 }));
  expect(times[0]?.at(-1)).not.toBe(times[1]?.at(-1));
});
