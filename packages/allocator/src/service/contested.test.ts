import { REFUSALS } from '@fairlead/api';
import type { Service } from '@fairlead/kube';
import { projectService } from '../objects/service.ts';
import { contestedPatch, contestedRefusal } from './contested.ts';

const OURS = { loadBalancerClass: 'fairlead.dev/fairlead', isDefaultClass: false };

type Managed = NonNullable<NonNullable<Service['metadata']>['managedFields']>[number];

function managed(manager: string, fields: object, time: string, subresource = 'status'): Managed {
  return { manager, subresource, time, fieldsV1: fields };
}

const addresses = { 'f:status': { 'f:loadBalancer': { 'f:ingress': {} } } };
const conditions = { 'f:status': { 'f:conditions': {} } };

function sentence(...managedFields: readonly Managed[]): string {
  const service: Service = {
    metadata: { name: 'web', namespace: 'shop', uid: 'u', managedFields: [...managedFields] },
    spec: { type: 'LoadBalancer', loadBalancerClass: OURS.loadBalancerClass },
  };
  const view = projectService(service, OURS);
  if (view === undefined) {
    throw new Error('not ours');
  }
  const refusal = contestedRefusal(view, service, 'us');
  expect(contestedPatch(view, refusal, 'now')).toEqual({
    metadata: { uid: 'u', annotations: { 'fairlead.dev/reason': refusal.sentence } },
    status: {
      conditions: [
        {
          type: 'fairlead.dev/AddressesAllocated',
          status: 'False',
          reason: 'Contested',
          message: refusal.sentence,
          lastTransitionTime: 'now',
        },
      ],
    },
  });
  return refusal.sentence;
}

it('the program is named that wrote the addresses last, else the one that wrote anything of the status', () => {
  const us = managed('us', addresses, '2026-01-01T00:00:09Z');
  const first = managed('first', addresses, '2026-01-01T00:00:01Z');
  const last = managed('last', addresses, '2026-01-01T00:00:02Z');
  const other = managed('other', conditions, '2026-01-01T00:00:05Z');
  const user = managed('user', addresses, '2026-01-01T00:00:07Z', '');
  expect(sentence(us, first, last, other, user)).toContain('The program "last"');
  expect(sentence(us, other, user)).toContain('The program "other"');
  expect(sentence(us, user)).toContain('Another program');
});

it('the sentence is the one of the reference', () => {
  expect(sentence(managed('other-controller', addresses, '2026-01-01T00:00:01Z'))).toBe(REFUSALS.Contested.example);
});
