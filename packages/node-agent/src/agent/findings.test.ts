import { parsePrefix } from '@fairlead/api';
import { findingsOf } from './findings.ts';
import type { Troubles } from './findings.ts';

const none: Troubles = {
  gate: 'open',
  gateURL: 'http://127.0.0.1:10256/healthz',
  hasSegments: true,
  interfaceSelectors: ['default'],
  dummyKind: 'dummy',
  dummyInterface: 'kube-lb0',
  kernelProblem: undefined,
  refusedAggregates: [],
  usedByNetwork: [],
  contested: 0,
  router: undefined,
  waiting: undefined,
};

test('without trouble there is one condition', () => {
  expect(findingsOf(none)).toEqual([
    { type: 'Ready', status: 'True', reason: 'Ready', message: 'the agent does all it should' },
  ]);
});

test('without rights it is not ready, and says what to do', () => {
  const kernelProblem = new Error('cannot add address …: add NET_ADMIN to the capabilities of its container');
  expect(findingsOf({ ...none, kernelProblem })).toMatchObject([
    {
      type: 'Ready',
      status: 'False',
      reason: 'KernelRefuses',
      message: expect.stringContaining('NET_ADMIN') as string,
    },
    { type: 'KernelRefuses', status: 'True' },
  ]);
});

test.each<[string, Partial<Troubles>, string]>([
  ['NoLocalInterface', { hasSegments: false }, 'default route'],
  ['InvalidInterface', { interfaceSelectors: ['/(/'] }, '/(/'],
  ['DataPathUnchecked', { gate: 'unchecked' }, '--data-path-health'],
  ['NoDummyInterfaces', { dummyKind: 'ifb' }, 'modprobe dummy'],
  ['Contested', { contested: 2 }, 'NetworkManager'],
  ['AddressInUse', { usedByNetwork: ['a', 'b', 'c', 'd', 'e', 'f'] }, 'and 1 more'],
  [
    'AggregateOverlap',
    {
      refusedAggregates: [
        {
          prefix: parsePrefix('10.0.0.0/16'),
          group: 'g',
          overlaps: { prefix: parsePrefix('10.0.1.0/24'), what: 'pod range 10.0.1.0/24' },
        },
      ],
    },
    '10.0.0.0/16 of ServiceGroup g covers pod range 10.0.1.0/24',
  ],
])('%s is named with what to do, and the agent stays ready', (type, over, words) => {
  const [ready, trouble] = findingsOf({ ...none, ...over });
  expect(ready?.status).toBe('True');
  expect(trouble).toMatchObject({ type, status: 'True', message: expect.stringContaining(words) as string });
});

test('no URL, nothing unchecked', () => {
  expect(findingsOf({ ...none, gate: 'unchecked', gateURL: undefined })).toHaveLength(1);
});

test('the router has a condition of its own', () => {
  const router = { ready: false, reason: 'Waiting', message: 'BIRD is not there' };
  expect(findingsOf({ ...none, router })).toContainEqual({
    type: 'RouterReady',
    status: 'False',
    reason: 'Waiting',
    message: 'BIRD is not there',
  });
});
