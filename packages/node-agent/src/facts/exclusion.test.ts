import { fitnessOf } from './exclusion.ts';
import type { FitnessInput } from './exclusion.ts';
import type { NodeFacts } from '../cluster/objects/node.ts';

const node: NodeFacts = {
  key: 'here',
  uid: 'u',
  resourceVersion: '1',
  labels: {},
  excluded: undefined,
  networkUnavailable: false,
  addresses: [],
  podRanges: [],
};
const fine: FitnessInput = { node, networkUnavailableSince: undefined, gate: 'open', gateDetail: '', now: 100_000 };

test.each<[string, Partial<FitnessInput>, string, string]>([
  ['a node that works announces', {}, 'Fit', 'Fit'],
  ['without a health endpoint as well', { gate: 'unchecked' }, 'Fit', 'Fit'],
  ['the exclude label', { node: { ...node, excluded: 'ExcludeLabel' } }, 'Excluded', 'ExcludeLabel'],
  ['a drain', { node: { ...node, excluded: 'Drained' } }, 'Excluded', 'Drained'],
  ['NetworkUnavailable for a moment is nothing', { networkUnavailableSince: 70_001 }, 'Fit', 'Fit'],
  ['NetworkUnavailable for 30 s', { networkUnavailableSince: 70_000 }, 'Excluded', 'NetworkUnavailable'],
  ['a bad data path', { gate: 'bad' }, 'Unfit', 'DataPathUnhealthy'],
  ['a data path that was never good', { gate: 'waiting' }, 'Unfit', 'WaitingForDataPath'],
])('%s', (_, over, state, reason) => {
  expect(fitnessOf({ ...fine, ...over })).toMatchObject({ state, reason });
});
