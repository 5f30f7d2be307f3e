import { fitnessOf, isLeaving } from './exclusion.ts';
import type { FitnessInput } from './exclusion.ts';
import { EXAMPLE_NODE as node } from './example.ts';

const fine: FitnessInput = {
  node,
  networkUnavailableMs: undefined,
  leaving: undefined,
  gate: 'open',
  gateDetail: '',
  arpIgnored: undefined,
};

test.each<[string, Partial<FitnessInput>, string, string]>([
  ['a node that works announces', {}, 'Fit', 'Fit'],
  ['without a health endpoint as well', { gate: 'unchecked' }, 'Fit', 'Fit'],
  ['the exclude label', { node: { ...node, excluded: 'ExcludeLabel' } }, 'Excluded', 'ExcludeLabel'],
  ['a drain', { node: { ...node, excluded: 'Drained' } }, 'Excluded', 'Drained'],
  ['NetworkUnavailable for a moment is nothing', { networkUnavailableMs: 29_999 }, 'Fit', 'Fit'],
  ['NetworkUnavailable for 30 s', { networkUnavailableMs: 30_000 }, 'Excluded', 'NetworkUnavailable'],
  ['a bad data path', { gate: 'bad' }, 'Unfit', 'DataPathUnhealthy'],
  ['a data path that was never good', { gate: 'waiting' }, 'Unfit', 'WaitingForDataPath'],
  ['a kernel that answers no ARP', { arpIgnored: 'arp_ignore is 8' }, 'Unfit', 'ARPIgnored'],
  ['no LBNodeAgent for it', { leaving: 'NotSelected' }, 'Excluded', 'NotSelected'],
  ['leaving comes before all else', { leaving: 'Withdrawn', gate: 'bad' }, 'Excluded', 'Withdrawn'],
])('%s', (_, over, state, reason) => {
  expect(fitnessOf({ ...fine, ...over })).toMatchObject({ state, reason });
});

test('who leaves for good is told from who is to hand over for a while', () => {
  expect(['Withdrawn', 'NotSelected', 'Drained', 'ExcludeLabel', 'Fit', 'toString'].filter(isLeaving)).toEqual([
    'Withdrawn',
    'NotSelected',
  ]);
});
