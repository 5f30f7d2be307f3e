import type { Labels } from '@fairlead/ipam';
import type { PartialObjectMetadata, Projected } from '@fairlead/kube';

/** A Namespace and the labels that selectors of groups look at. */
export interface NamespaceFacts extends Projected {
  readonly labels: Labels;
}

export function projectNamespace({ metadata = {} }: PartialObjectMetadata): NamespaceFacts {
  return {
    key: metadata.name ?? '',
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    labels: metadata.labels ?? {},
  };
}

/** Whether two sets of labels are equal. */
export function sameLabels(a: Labels, b: Labels): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
