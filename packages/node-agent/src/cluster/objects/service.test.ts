import { formatAddress } from '@fairlead/api';
import type { Service } from '@fairlead/kube';
import { projectService } from './service.ts';

const allocated = { type: 'fairlead.dev/AddressesAllocated', status: 'True' };

function service(over: {
  metadata?: object;
  spec?: object;
  conditions?: readonly object[];
  ingress?: object[];
}): Service {
  // Wire JSON; what the tests leave out is of no matter to the projection.
  return {
    metadata: { name: 'web', namespace: 'default', uid: 'u', resourceVersion: '7', ...over.metadata },
    spec: { type: 'LoadBalancer', ...over.spec },
    status: {
      conditions: over.conditions ?? [allocated],
      loadBalancer: { ingress: over.ingress ?? [{ ip: '192.0.2.10', ipMode: 'VIP' }, { ip: '2001:db8::10' }] },
    },
  } as unknown as Service;
}

function addresses(over: Parameters<typeof service>[0]): string[] {
  return projectService(service(over)).addresses.map(formatAddress);
}

test('both families in the order of the status', () => {
  expect(addresses({})).toEqual(['192.0.2.10', '2001:db8::10']);
});

test('addresses that the allocator has not vouched for are not announced', () => {
  expect(addresses({ conditions: [] })).toEqual([]);
  expect(addresses({ conditions: [{ type: 'example.com/Other', status: 'True' }] })).toEqual([]);
});

test('addresses of a program that the allocator has left the status to are not announced', () => {
  expect(addresses({ conditions: [{ ...allocated, status: 'False', reason: 'Contested' }] })).toEqual([]);
});

test('an unmet further wish does not take the address away', () => {
  expect(addresses({ conditions: [{ ...allocated, status: 'False' }] })).toHaveLength(2);
});

test('a Service on its way out has none, whatever finalizers it has', () => {
  expect(addresses({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })).toEqual([]);
});

test('what is no address is left out, and what is there twice counts once', () => {
  expect(
    addresses({ ingress: [{ hostname: 'a.example' }, { ip: 'x' }, { ip: '192.0.2.1' }, { ip: '192.0.2.1' }] }),
  ).toEqual(['192.0.2.1']);
});

test.each([
  ['pool-a', 'pool-a'],
  ['netbox:dc1', 'dc1'],
  [undefined, undefined],
])('allocated from %s is group %s', (annotation, group) => {
  const annotations = annotation === undefined ? {} : { 'fairlead.dev/allocated-from': annotation };
  expect(projectService(service({ metadata: { annotations } })).group).toBe(group);
});
