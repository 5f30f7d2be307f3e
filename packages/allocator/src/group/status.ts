import type { Condition, ServiceGroupStatus } from '@fairlead/api';
import type { GroupStatus } from '@fairlead/ipam';
import type { GroupFacts } from '../objects/group.ts';

const COUNTS = ['allocatedIPv4', 'availableIPv4', 'allocatedIPv6', 'availableIPv6'] as const;

/**
 * The status to write on a group so that it says what is; undefined when it does. Conditions of others stay.
 * @param time RFC 3339
 */
export function planGroupStatus(
  group: GroupFacts,
  wanted: GroupStatus,
  time: string,
): Readonly<ServiceGroupStatus> | undefined {
  const before = group.status.conditions ?? [];
  const ours = wanted.conditions.map((condition): Condition => {
    const known = before.find(({ type }) => type === condition.type);
    const since = known?.status === condition.status ? known.lastTransitionTime : time;
    return { ...condition, lastTransitionTime: since, observedGeneration: group.generation };
  });
  const isSaid =
    COUNTS.every((count) => group.status[count] === wanted[count]) && saysConditions(group, { conditions: ours });
  if (isSaid) {
    return undefined;
  }
  const types = new Set<string>(ours.map(({ type }) => type));
  const { conditions: _, ...counts } = wanted;
  return { ...counts, conditions: [...before.filter(({ type }) => !types.has(type)), ...ours] };
}

/** Whether the group has all conditions of the status already, so that only its counts are out of date. */
export function saysConditions(group: GroupFacts, { conditions = [] }: ServiceGroupStatus): boolean {
  const before = group.status.conditions ?? [];
  return conditions.every((condition) => before.some((known) => sameCondition(known, condition)));
}

function sameCondition(a: Condition, b: Condition): boolean {
  return (
    a.type === b.type &&
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration
  );
}
