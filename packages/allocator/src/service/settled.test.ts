import type { Verdict } from '@fairlead/ipam';
import { EXAMPLE_SERVICE as view } from './example.ts';
import { Settled } from './settled.ts';

const verdict = {
  kind: 'allocated',
  addresses: ['192.0.2.1', '2001:db8::1'],
  group: 'default',
  orphaned: [],
  refusal: undefined,
  moved: false,
} as const satisfies Verdict;

describe('what a Service lacks of its verdict', () => {
  it('was taken by somebody only where it said that very verdict', () => {
    const settled = new Settled();
    expect(settled.hasSaid(view, verdict)).toBe(false);
    settled.settle(view, verdict);
    expect(settled.hasSaid(view, verdict)).toBe(true);
    expect(settled.hasSaid({ ...view, uid: 'another' }, verdict)).toBe(false);
    const others: readonly Verdict[] = [
      { kind: 'cleared' },
      { ...verdict, addresses: ['192.0.2.1'] },
      { ...verdict, group: 'other' },
      { ...verdict, orphaned: ['192.0.2.1'] },
      { ...verdict, moved: true },
      { ...verdict, refusal: { token: 'PoolExhausted', sentence: 'full' } },
    ];
    expect(others.map((other) => settled.hasSaid(view, other))).toEqual(others.map(() => false));
  });

  it('may be our own doing after a write without an answer', () => {
    const settled = new Settled();
    settled.settle(view, verdict);
    settled.doubt(view);
    expect(settled.hasSaid(view, verdict)).toBe(false);
    expect(settled.stood(view)).toEqual(verdict.addresses);
  });
});

it('the addresses that stood on a Service are those of the last look at it, and none of another Service', () => {
  const settled = new Settled();
  expect(settled.stood(view)).toBeUndefined();
  settled.settle(view, { ...verdict, addresses: [] });
  expect(settled.stood(view)).toEqual([]);
  settled.settle(view, verdict);
  expect(settled.stood(view)).toEqual(['192.0.2.1', '2001:db8::1']);
  expect(settled.stood({ ...view, uid: 'another' })).toBeUndefined();
  settled.forget(view.key);
  expect(settled.stood(view)).toBeUndefined();
});
