import { ADDRESSES_ALLOCATED, ALLOCATOR_ANNOTATIONS } from '@fairlead/api';
import type { Refusal } from '@fairlead/api';
import type { ServiceView } from '@fairlead/ipam';
import type { Service } from '@fairlead/kube';

type ManagedFields = NonNullable<NonNullable<Service['metadata']>['managedFields']>[number];

/**
 * The refusal of a Service whose status another program keeps overwriting.
 * @param service as it is, with the API server's record of who wrote which field
 * @param ourManager the name under which our own writes stand there
 */
export function contestedRefusal(view: ServiceView, service: Service, ourManager: string): Refusal {
  const other = otherWriter(service, ourManager);
  const who = other === undefined ? 'Another program' : `The program ${JSON.stringify(other)}`;
  const sentence = `${who} keeps overwriting what the allocator writes in the status; give the Service to one of them by its load balancer class. It is put back after a minute or more`;
  const { namespace, name } = view;
  return { token: 'Contested', sentence, object: { kind: 'Service', namespace, name } };
}

/**
 * Makes the Service say so, and leaves the rest of its status to the other program. Guarded by uid alone: with a version,
 * a program that writes every few milliseconds would make every attempt fail.
 * @param time RFC 3339
 */
export function contestedPatch(
  view: ServiceView,
  { token, sentence }: Refusal,
  time: string,
): Readonly<Record<string, unknown>> {
  const { uid, observed } = view;
  const text = { type: ADDRESSES_ALLOCATED, status: 'False', reason: token, message: sentence };
  const condition = observed.condition?.status === 'False' ? text : { ...text, lastTransitionTime: time };
  return {
    metadata: { uid, annotations: { [ALLOCATOR_ANNOTATIONS.reason]: sentence } },
    status: { conditions: [condition] },
  };
}

/** Who wrote `status.loadBalancer` last, or anything of the status. */
function otherWriter({ metadata }: Service, ourManager: string): string | undefined {
  const others = (metadata?.managedFields ?? []).filter(
    ({ subresource, manager }) => subresource === 'status' && manager !== ourManager,
  );
  const [first] = others.toSorted((a, b) => rank(b) - rank(a) || (timeOf(a) < timeOf(b) ? 1 : -1));
  return first?.manager;
}

function rank({ fieldsV1 }: ManagedFields): number {
  return JSON.stringify(fieldsV1 ?? {}).includes('f:loadBalancer') ? 1 : 0;
}

function timeOf({ time = '' }: ManagedFields): string {
  return time;
}
