import { Tally } from './tally.ts';

const SOON = 1_000;

test('who waits for several things is told when the last of them came', async () => {
  const tally = new Tally();
  tally.set('a', 1, 10);
  const all = tally.until(['a', 'b', 'c'], 1, SOON);
  tally.set('c', 2, 20);
  tally.set('a', 0, 25);
  tally.set('b', 1, 30);
  expect(await all).toBe(30);
});

test('fewer than were asked for are none', async () => {
  const tally = new Tally();
  const three = tally.until(['a'], 3, SOON);
  tally.set('a', 2, 10);
  tally.set('a', 3, 20);
  expect(await three).toBe(20);
});

test('what is so already has been since it came to be so', async () => {
  const tally = new Tally();
  tally.set('a', 1, 10);
  tally.set('a', 3, 20);
  tally.set('b', 1, 15);
  tally.set('b', 1, 30);
  expect(await tally.until(['a'], 1, SOON)).toBe(10);
  expect(await tally.until(['a'], 2, SOON)).toBe(20);
  expect(await tally.until(['a', 'b'], 1, SOON)).toBe(15);
});

test('going away can be waited for, and is forgotten', async () => {
  const tally = new Tally();
  tally.set('a', 1, 10);
  const gone = tally.until(['a', 'never there'], 0, SOON);
  tally.set('a', 0, 20);
  expect(await gone).toBe(20);
  expect([...tally.keys()]).toEqual([]);
});

test('what does not come is named', async () => {
  const tally = new Tally();
  tally.set('a', 1, 10);
  await expect(tally.until(['a', 'b'], 1, 1)).rejects.toThrow('1 of 2 are missing after 1 ms: b');
});
