import type { IPFamily } from '@fairlead/api';

/** Within a place, Services with equal sharing signatures and disjoint ports may meet on one address. */
export interface Place {
  /** What tells it from other places. */
  readonly key: string;
  /** Where the group lets only Services of one namespace share. */
  readonly namespace: string | undefined;
}

/** Where Services of a group meet that shares across namespaces, or those of the namespace in one that does not. */
export function newPlace(group: string, family: IPFamily, namespace?: string): Place {
  // Names have no spaces.
  const key = namespace === undefined ? `${family} ${group}` : `${family} ${group} ${namespace}`;
  return { key, namespace };
}
