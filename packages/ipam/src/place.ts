import type { IPFamily } from '@fairlead/api';
import type { Group } from './group.ts';

/** Within a place, Services with equal sharing signatures and disjoint ports may meet on one address. */
export interface Place {
  readonly family: IPFamily;
  readonly group: string;
  /** Where the group lets only Services of one namespace share. */
  readonly namespace: string | undefined;
}

/** Where a Service of the namespace meets others in the group. */
export function placeIn(group: Group, family: IPFamily, namespace: string): Place {
  return { family, group: group.name, namespace: group.namespaceOnly ? namespace : undefined };
}

/** The key of a place in maps. Names have no spaces. */
export function placeKey({ family, group, namespace }: Place): string {
  return namespace === undefined ? `${family} ${group}` : `${family} ${group} ${namespace}`;
}
