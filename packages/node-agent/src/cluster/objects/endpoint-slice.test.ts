import { projectEndpointSlice } from './endpoint-slice.ts';

type Endpoints = NonNullable<Parameters<typeof projectEndpointSlice>[0]['endpoints']>;

const ADDRESSES = { addresses: ['10.0.0.1'] };

function nodesOf(endpoints: Endpoints): readonly [readonly string[], readonly string[]] {
  const metadata = { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } };
  const slice = projectEndpointSlice({ metadata, addressType: 'IPv4', endpoints });
  return [slice?.ready ?? [], slice?.ending ?? []];
}

test('each node with a ready endpoint once; an endpoint that does not say is ready', () => {
  expect(
    nodesOf([
      { ...ADDRESSES, nodeName: 'a', conditions: { ready: true } },
      { ...ADDRESSES, nodeName: 'a', conditions: {} },
      { ...ADDRESSES, nodeName: 'b' },
    ]),
  ).toEqual([['a', 'b'], []]);
});

test('an endpoint that ends and still serves is told from one that is not ready, and from one that serves no more', () => {
  expect(
    nodesOf([
      { ...ADDRESSES, nodeName: 'a', conditions: { ready: false, serving: true, terminating: true } },
      { ...ADDRESSES, nodeName: 'b', conditions: { ready: false, serving: false, terminating: false } },
      { ...ADDRESSES, nodeName: 'c', conditions: { ready: false, serving: false, terminating: true } },
      { ...ADDRESSES, nodeName: 'd', conditions: { ready: false } },
    ]),
  ).toEqual([[], ['a']]);
});

test('an endpoint on no node, and a slice of no Service, do not concern us', () => {
  expect(nodesOf([{ ...ADDRESSES, conditions: { ready: true } }])).toEqual([[], []]);
  expect(projectEndpointSlice({ metadata: { name: 'x' }, addressType: 'IPv4', endpoints: [] })).toBeUndefined();
});
