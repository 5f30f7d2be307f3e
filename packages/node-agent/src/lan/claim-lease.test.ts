import { parseAddress } from '@fairlead/api';
import { claimLease, projectClaim, sameClaim } from './claim-lease.ts';

const claim = {
  address: parseAddress('2001:db8::10'),
  holder: 'node-1',
  interface: 'eth0',
  mac: '02:00:00:00:00:01',
  successor: 'node-2',
  move: 'excluded',
};
const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const base = { namespace: 'fairlead-system', labels: ['lan.fairlead.dev/abc'], at };

test('a claim survives the way through its Lease', () => {
  const lease = claimLease({ ...base, claim, before: undefined });
  expect(lease.metadata).toMatchObject({
    name: 'fairlead-claim-2001-0db8-0000-0000-0000-0000-0000-0010',
    labels: { 'lan.fairlead.dev/abc': '' },
  });
  expect(lease.spec).toEqual({
    holderIdentity: 'node-1',
    acquireTime: '2026-01-02T03:04:05.678000Z',
    leaseTransitions: 0,
  });
  expect(projectClaim(lease)?.claim).toEqual(claim);
});

test('a write is guarded by the version that it replaces, and counts changes of hands', () => {
  const first = claimLease({ ...base, claim, before: undefined });
  const before = projectClaim({
    ...first,
    metadata: { ...first.metadata, resourceVersion: '7', uid: 'u', labels: { other: '' } },
  });
  const same = claimLease({ ...base, at: at + 1000, claim, before });
  expect(same.metadata).toMatchObject({
    resourceVersion: '7',
    uid: 'u',
    labels: { other: '', 'lan.fairlead.dev/abc': '' },
  });
  expect(same.spec).toEqual(first.spec);
  const moved = claimLease({ ...base, at: at + 1000, claim: { address: claim.address, holder: 'node-2' }, before });
  expect(moved.spec).toEqual({
    holderIdentity: 'node-2',
    acquireTime: '2026-01-02T03:04:06.678000Z',
    leaseTransitions: 1,
  });
  expect(moved.metadata?.annotations).toEqual({ 'fairlead.dev/address': '2001:db8::10' });
});

test('a Lease that names no address, or another one than its name, is no claim', () => {
  const lease = claimLease({ ...base, claim, before: undefined });
  expect(projectClaim({ metadata: { name: 'fairlead-agent-node-1' } })).toBeUndefined();
  expect(projectClaim({ ...lease, metadata: { ...lease.metadata, name: 'fairlead-claim-10.0.0.1' } })).toBeUndefined();
  expect(projectClaim({ metadata: { name: 'x', annotations: { 'fairlead.dev/address': 'rubbish' } } })).toBeUndefined();
});

test('claims are the same when they say the same', () => {
  expect(sameClaim(claim, { ...claim })).toBe(true);
  expect(sameClaim(claim, { ...claim, mac: '02:00:00:00:00:02' })).toBe(false);
});
