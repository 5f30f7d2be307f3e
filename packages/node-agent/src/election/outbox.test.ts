import { Outbox } from './outbox.ts';

/** Drains whenever the outbox says so, and notes what went when. */
function drainAll(outbox: Outbox<string>, until: number): { readonly at: number; readonly item: string }[] {
  const sent: { at: number; item: string }[] = [];
  for (let now = outbox.next(); now !== undefined && now <= until; now = outbox.next()) {
    const at = now;
    outbox.drain(at, (item) => (sent.push({ at, item }) > 0 ? 1 : 0));
  }
  return sent;
}

test('a burst goes at once, the rest at the rate', () => {
  const outbox = new Outbox<string>({ perSecond: 500, burst: 100 });
  for (let count = 0; count < 600; count += 1) {
    outbox.enqueue('proof', String(count));
  }
  const sent = drainAll(outbox, 10_000);
  expect(sent.filter(({ at }) => at === 0)).toHaveLength(100);
  expect(sent).toHaveLength(600);
  expect(sent.at(-1)?.at).toBeCloseTo(1000, -1);
  expect(sent.map(({ item }) => Number(item))).toEqual(Array.from({ length: 600 }, (_, index) => index));
});

test('first announcements go before proofs, those that have begun before others, and proofs before repeats', () => {
  const outbox = new Outbox<string>({ perSecond: 1000, burst: 1 });
  outbox.enqueue('repeat', 'repeat');
  outbox.enqueue('proof', 'proof');
  outbox.enqueue('begun-proof', 'begun');
  outbox.enqueue('first-announcement', 'first');
  expect(drainAll(outbox, 1000).map(({ item }) => item)).toEqual(['first', 'begun', 'proof', 'repeat']);
});

test('what is no longer wanted costs nothing', () => {
  const outbox = new Outbox<string>({ perSecond: 1, burst: 1 });
  for (const item of ['stale', 'stale too', 'wanted']) {
    outbox.enqueue('proof', item);
  }
  const sent: string[] = [];
  outbox.drain(0, (item) => {
    if (item.startsWith('stale')) {
      return 0;
    }
    sent.push(item);
    return 1;
  });
  expect(sent).toEqual(['wanted']);
});

test('what waits already is not said twice, however often it is asked for, and in its last form', () => {
  const outbox = new Outbox<string>({ perSecond: 1000, burst: 1 });
  for (let count = 0; count < 10_000; count += 1) {
    outbox.enqueue('repeat', `here, ${count}`, 'a');
    outbox.enqueue('repeat', 'there', 'b');
  }
  expect(outbox.length).toBe(2);
  expect(drainAll(outbox, 1000).map(({ item }) => item)).toEqual(['here, 9999', 'there']);
  outbox.enqueue('repeat', 'here again', 'a');
  expect(outbox.length).toBe(1);
});
