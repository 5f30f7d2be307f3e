import type { ServiceView, Verdict } from '@fairlead/ipam';
import { EXAMPLE_SERVICE as view } from './example.ts';
import { planWrite, refusalEvent } from './write.ts';

const TIME = '2026-01-01T00:00:00Z';
const options = { time: TIME, restores: false, stood: [] };

const allocated = {
  kind: 'allocated',
  addresses: ['192.0.2.1'],
  group: 'default',
  orphaned: [],
  refusal: undefined,
  moved: false,
} as const satisfies Verdict;

const condition = { status: 'True', reason: 'Allocated', message: '192.0.2.1 from ServiceGroup default' };
const served: ServiceView = {
  ...view,
  observed: { addresses: ['192.0.2.1'], wellFormed: true, allocatedFrom: 'default', condition },
};
const refusal = {
  token: 'PoolExhausted',
  sentence: 'ServiceGroup default is full',
  object: { kind: 'ServiceGroup', name: 'default' },
} as const;

describe('the write of a Service', () => {
  it('carries addresses, condition and annotation, and is guarded by uid and version', () => {
    expect(planWrite(view, allocated, options)).toEqual({
      patch: {
        metadata: { uid: 'u', resourceVersion: '7', annotations: { 'fairlead.dev/allocated-from': 'default' } },
        status: {
          loadBalancer: { ingress: [{ ip: '192.0.2.1', ipMode: 'VIP' }] },
          conditions: [{ type: 'fairlead.dev/AddressesAllocated', ...condition, lastTransitionTime: TIME }],
        },
      },
      events: [
        {
          type: 'Normal',
          reason: 'AddressAssigned',
          action: 'Allocate',
          note: 'Assigned 192.0.2.1 from ServiceGroup default',
        },
      ],
      refusal: undefined,
    });
  });

  it('is none where the Service says its verdict already', () => {
    expect(planWrite(served, allocated, options)).toBeUndefined();
    expect(planWrite(view, { kind: 'cleared' }, options)).toBeUndefined();
  });

  it('leaves the time of a condition that says something else with the same status', () => {
    const orphaned = planWrite(served, { ...allocated, orphaned: [...allocated.addresses] }, options);
    expect(orphaned?.patch['status']).toMatchObject({ conditions: [{ status: 'True', reason: 'Orphaned' }] });
    expect(JSON.stringify(orphaned?.patch)).not.toContain('lastTransitionTime');
    expect(orphaned?.events).toEqual([]);
  });

  it('takes everything of ours away, and leaves other conditions', () => {
    const leaving: ServiceView = { ...served, observed: { ...served.observed, announcedBy: 'n1/eth0', reason: 'r' } };
    expect(planWrite(leaving, { kind: 'cleared' }, options)).toMatchObject({
      patch: {
        metadata: {
          annotations: {
            'fairlead.dev/allocated-from': null,
            'fairlead.dev/reason': null,
            'fairlead.dev/announced-by': null,
          },
        },
        status: {
          loadBalancer: { ingress: null },
          conditions: [{ $patch: 'delete', type: 'fairlead.dev/AddressesAllocated' }],
        },
      },
      events: [{ reason: 'AddressReleased', note: 'Released 192.0.2.1' }],
    });
  });

  it('tells of a release also where the API server took the address away, as it does when the type changes', () => {
    const bare: ServiceView = { ...served, role: 'leaving', observed: { ...served.observed, addresses: [] } };
    const write = planWrite(bare, { kind: 'cleared' }, { ...options, stood: ['192.0.2.1'] });
    expect(write?.events).toMatchObject([{ reason: 'AddressReleased', note: 'Released 192.0.2.1' }]);
  });

  it('says a refusal in condition and annotation, and tells it as news once', () => {
    const refused = { ...allocated, addresses: [], group: undefined, refusal };
    expect(planWrite(view, refused, options)).toMatchObject({
      patch: {
        metadata: { annotations: { 'fairlead.dev/reason': refusal.sentence } },
        status: { conditions: [{ status: 'False', reason: 'PoolExhausted', message: refusal.sentence }] },
      },
      events: [],
      refusal,
    });
    const said = { status: 'False', reason: refusal.token, message: refusal.sentence };
    const wiped: ServiceView = { ...view, observed: { ...view.observed, condition: said } };
    expect(planWrite(wiped, refused, options)).toMatchObject({ events: [], refusal: undefined });
    const other = { ...refused, refusal: { ...refusal, sentence: 'ServiceGroup default is full again' } };
    expect(planWrite(wiped, other, options)?.refusal).toBe(other.refusal);
  });

  it('has an event of a refusal that names the object to look at, where it is not the Service itself', () => {
    expect(refusalEvent(view, refusal, 'topic')).toEqual({
      type: 'Warning',
      reason: 'AllocationFailed',
      action: 'Allocate',
      note: `PoolExhausted: ${refusal.sentence}`,
      topic: 'topic',
      related: { apiVersion: 'fairlead.dev/v1', kind: 'ServiceGroup', name: 'default' },
    });
    const own = { kind: 'Service', namespace: 'shop', name: 'web' };
    expect(refusalEvent(view, { ...refusal, object: own }, 'topic')).not.toHaveProperty('related');
  });

  it('removes the wish to be moved together with the move', () => {
    const moved = planWrite(served, { ...allocated, addresses: ['192.0.2.2'], moved: true }, options);
    expect(moved?.patch['metadata']).toMatchObject({ annotations: { 'fairlead.dev/reallocate': null } });
    expect(moved?.events.map(({ reason }) => reason)).toEqual(['AddressReleased', 'AddressAssigned']);
  });

  it('says that a status was put back, and not that an address was given', () => {
    const wiped: ServiceView = { ...served, observed: { ...served.observed, addresses: [] } };
    const restored = planWrite(wiped, allocated, { ...options, restores: true });
    expect(restored?.events.map(({ reason }) => reason)).toEqual(['StatusRestored']);
  });
});
