import type { Group } from './group.ts';
import { listNames } from './refusal.ts';

/** A condition without its times. */
export interface GroupCondition {
  readonly type: 'Ready' | 'Draining';
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/** What is to stand in `status` of a ServiceGroup. Counts are text, as a /64 has more than a number can count. */
export interface GroupStatus {
  readonly allocatedIPv4: string;
  readonly availableIPv4: string;
  readonly allocatedIPv6: string;
  readonly availableIPv6: string;
  readonly conditions: readonly GroupCondition[];
}

/** How many problems of a group its condition tells in full. */
const PROBLEMS_SHOWN = 5;

/** The status of a group as it is now. */
export function groupStatus(group: Group): GroupStatus {
  return {
    allocatedIPv4: group.allocated.IPv4.toString(),
    availableIPv4: group.available('IPv4').toString(),
    allocatedIPv6: group.allocated.IPv6.toString(),
    availableIPv6: group.available('IPv6').toString(),
    conditions: [ready(group), draining(group)],
  };
}

function ready({ problems, pools }: Group): GroupCondition {
  const [first] = problems;
  if (first === undefined) {
    const ranges = pools.map(({ range }) => range);
    const message = ranges.length === 0 ? 'In use as written' : `Gives addresses of ${listNames(ranges)}`;
    return { type: 'Ready', status: 'True', reason: 'Valid', message };
  }
  const more = problems.length > PROBLEMS_SHOWN ? [`and ${problems.length - PROBLEMS_SHOWN} more`] : [];
  const message = [...problems.slice(0, PROBLEMS_SHOWN).map(({ sentence }) => sentence), ...more].join('; ');
  return { type: 'Ready', status: 'False', reason: first.reason, message };
}

function draining(group: Group): GroupCondition {
  return group.draining
    ? { type: 'Draining', status: 'True', reason: 'Draining', message: 'Gives no new addresses; those in use stay' }
    : { type: 'Draining', status: 'False', reason: 'NotDraining', message: 'Gives new addresses' };
}
