import { decideAddress } from './decide.ts';
import type { AddressSituation, AddressStep } from './decide.ts';

const absent: AddressSituation = {
  wanted: 'no',
  ours: false,
  foreign: false,
  stray: false,
  routesGone: true,
  grace: 'none',
};

test.each<[string, Partial<AddressSituation>, AddressStep]>([
  ['wanted and absent is added', { wanted: 'yes' }, 'add'],
  ['wanted and there is left untouched', { wanted: 'yes', ours: true }, 'nothing'],
  ['wanted and put there by others is left to them', { wanted: 'yes', foreign: true }, 'nothing'],
  ['wanted and only on a former interface is added to this one first', { wanted: 'yes', stray: true }, 'add'],
  [
    'then the former one keeps it while it has routes',
    { wanted: 'yes', ours: true, stray: true, routesGone: false },
    'later',
  ],
  ['and then no longer', { wanted: 'yes', ours: true, stray: true }, 'tidy'],
  ['not wanted and not ours is never touched', { foreign: true }, 'nothing'],
  ['not wanted any more: its route goes first', { ours: true, routesGone: false }, 'later'],
  ['whatever its grace time says', { ours: true, routesGone: false, grace: 'over' }, 'later'],
  ['then a grace time begins', { ours: true }, 'grace'],
  ['during which it stays', { ours: true, grace: 'running' }, 'nothing'],
  ['and after which it goes', { ours: true, grace: 'over' }, 'delete'],
  ['not wanted and on a former interface: the same', { stray: true }, 'grace'],
  ['undecided: stays', { wanted: 'hold', ours: true, grace: 'over' }, 'nothing'],
  ['undecided: is not added', { wanted: 'hold' }, 'nothing'],
])('%s', (_, over, step) => {
  expect(decideAddress({ ...absent, ...over })).toBe(step);
});
