import type { Condition, ServiceGroup, ServiceGroupSpec } from '@fairlead/api';
import type { GroupView } from '@fairlead/ipam';
import { keyText } from '@fairlead/kube';
import type { Projected } from '@fairlead/kube';

/** A ServiceGroup with what its status says. */
export interface GroupFacts extends Projected {
  readonly generation: number;
  readonly createdAt: number;
  readonly spec: ServiceGroupSpec;
  readonly status: Readonly<Record<string, unknown>> & { readonly conditions?: readonly Condition[] };
}

export function projectGroup({ metadata, spec, status }: ServiceGroup): GroupFacts {
  return {
    key: keyText(metadata),
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    generation: metadata.generation ?? 0,
    createdAt: Date.parse(metadata.creationTimestamp ?? '') || 0,
    spec,
    status: { ...status },
  };
}

/** The part of a group that allocation depends on. */
export function groupView({ key, uid, createdAt, spec }: GroupFacts): GroupView {
  return { name: key, uid, createdAt, spec };
}
