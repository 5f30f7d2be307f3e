import { describe, expect, test } from '@jest/globals';
import type { Result } from './measure.ts';
import type { Bounds, Outcome } from './scenario.ts';
import { brokenPromises, distributionOf, headerOf, rowOf } from './summary.ts';

function outcome(over: Partial<Outcome> = {}): Outcome {
  return { lost: 0, gapMs: 0, overlapMs: 0, probeLateMs: 1, faults: [], ...over };
}

function result(promised: Bounds, outcomes: readonly Outcome[], failures: readonly string[] = []): Result {
  return { scenario: { name: 'killed', what: 'something dies', promised }, outcomes, failures };
}

describe('a promise', () => {
  test('is kept where each repetition is within its bounds', () => {
    const bounds = { lost: 2, gapMs: 1000, overlapMs: 5, settledMs: 100 };
    const kept = outcome({ lost: 2, gapMs: 1000, overlapMs: 5, settledMs: 100 });
    expect(brokenPromises(result(bounds, [outcome(), kept]))).toEqual([]);
  });

  test('is broken by one repetition that is beyond, and says by how much', () => {
    const bounds = { lost: 0, gapMs: 1000, overlapMs: 5, settledMs: 100 };
    const bad = outcome({ lost: 1, gapMs: 1001, overlapMs: 6, settledMs: 101 });
    expect(brokenPromises(result(bounds, [outcome(), bad]))).toEqual([
      'lost 1, promised 0',
      'gap 1001 ms, promised 1000 ms',
      'overlap 6 ms, promised 5 ms',
      'one holder after 101 ms, promised 100 ms',
    ]);
  });

  test('of nothing lost is one for new connections, too, and of routes one for the slowest', () => {
    const bad = outcome({ connections: { lost: 1, slowestMs: 1010 }, routesMs: 301 });
    expect(brokenPromises(result({ lost: 0, routesMs: 300 }, [outcome(), bad]))).toEqual([
      'connections lost 1, promised 0',
      'routes right after 301 ms, promised 300 ms',
    ]);
  });

  test('that was not made is not broken', () => {
    expect(brokenPromises(result({}, [outcome({ lost: 900, gapMs: 5000 })]))).toEqual([]);
  });

  test('is broken by whatever was wrong, by a repetition without an end, and by there being none', () => {
    expect(brokenPromises(result({}, [outcome(), outcome({ faults: ['a stranger answered'] })]))).toEqual([
      'repetition 2: a stranger answered',
    ]);
    expect(brokenPromises(result({}, [], ['it stood still']))).toEqual([
      'a repetition did not come to an end: it stood still',
      'nothing was measured',
    ]);
  });
});

test('a distribution has the least, the median, the p99 and the most of those that have the figure', () => {
  const outcomes = Array.from({ length: 200 }, (_, index) => outcome({ gapMs: index + 1 }));
  expect(distributionOf(outcomes, ({ gapMs }) => gapMs)).toEqual({ min: 1, median: 100, p99: 198, max: 200 });
  expect(distributionOf(outcomes, ({ settledMs }) => settledMs)).toBeUndefined();
});

test('a row has a cell under each header, and nothing in it that ends a cell', () => {
  const row = rowOf(
    result({ gapMs: 1000 }, [outcome({ gapMs: 400.4, faults: ['a | b'] }), outcome({ gapMs: 300 })]),
    'today',
  );
  expect(row).toHaveLength(headerOf('local').length);
  expect(row[2]).toBe('gap under 1000 ms');
  expect(row[5]).toBe('300 / 300 / 400 / 400');
  expect(row.join('')).not.toContain('|');
});

test('a row of virtual addresses tells of connections and of the routes in the ToR', () => {
  const { scenario, outcomes } = result({ lost: 0, routesMs: 500 }, [
    outcome({ connections: { lost: 0, slowestMs: 12 }, routesMs: 310 }),
  ]);
  const header = headerOf('virtual');
  const row = rowOf({ scenario: { ...scenario, subject: 'virtual' }, outcomes, failures: [] }, 'today');
  const cells = Object.fromEntries(header.map((name, index) => [name, row[index]]));
  expect(cells).toMatchObject({
    Promised: '0 lost, routes right within 500 ms',
    'Lost connections': '0',
    'Slowest connection, ms': '12',
    'Routes right after, ms': '310',
    Wrong: 'nothing',
  });
});
