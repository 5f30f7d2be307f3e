import { decideAddress, deletesRoute } from './decide.ts';
import type { AddressSituation } from './decide.ts';

const absent: AddressSituation = { wanted: 'no', ours: false, foreign: false, graceUntil: undefined, now: 100 };

test.each<[string, Partial<AddressSituation>, string]>([
  ['wanted and absent is added', { wanted: 'yes' }, 'add'],
  ['wanted and there is left untouched', { wanted: 'yes', ours: true }, 'nothing'],
  ['wanted and put there by others is left to them', { wanted: 'yes', foreign: true }, 'nothing'],
  ['not wanted and not ours is never touched', { foreign: true }, 'nothing'],
  ['not wanted any more: a grace time begins', { ours: true }, 'grace'],
  ['during which it stays', { ours: true, graceUntil: 101 }, 'wait 1'],
  ['and after which it goes', { ours: true, graceUntil: 100 }, 'delete'],
  ['undecided: stays', { wanted: 'hold', ours: true, graceUntil: 0 }, 'nothing'],
  ['undecided: is not added', { wanted: 'hold' }, 'nothing'],
])('%s', (_, over, step) => {
  const decided = decideAddress({ ...absent, ...over });
  expect(decided.type === 'wait' ? `wait ${decided.ms}` : decided.type).toBe(step);
});

test('a route that nobody wants stays while some addresses are undecided', () => {
  expect([deletesRoute(1), deletesRoute(0)]).toEqual([false, true]);
});
