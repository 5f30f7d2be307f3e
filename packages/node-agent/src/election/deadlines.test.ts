import { Deadlines } from './deadlines.ts';
import { seededRandom } from './simulator/timeline.ts';

test('items come out in the order of their last times, each once', () => {
  const random = seededRandom(1);
  const deadlines = new Deadlines<number>();
  const expected = new Map<number, number>();
  for (let count = 0; count < 2000; count += 1) {
    const item = Math.floor(random() * 200);
    if (random() < 0.2) {
      deadlines.delete(item);
      expected.delete(item);
    } else {
      const at = Math.floor(random() * 1000);
      deadlines.set(item, at);
      expected.set(item, at);
    }
  }
  const times: number[] = [];
  for (;;) {
    const next = deadlines.next();
    const item = deadlines.take(Number.POSITIVE_INFINITY);
    if (item === undefined) {
      break;
    }
    expect(expected.get(item)).toBe(next);
    expected.delete(item);
    times.push(next ?? 0);
  }
  expect(expected.size).toBe(0);
  expect(times).toEqual([...times].sort((a, b) => a - b));
});

test('nothing is taken before its time', () => {
  const deadlines = new Deadlines<string>();
  deadlines.set('a', 10);
  expect(deadlines.take(9)).toBeUndefined();
  expect(deadlines.take(10)).toBe('a');
  expect(deadlines.next()).toBeUndefined();
});
