import type { GroupStatus } from '@fairlead/ipam';
import type { GroupFacts } from '../objects/group.ts';
import { planGroupStatus, saysConditions } from './status.ts';

const wanted: GroupStatus = {
  allocatedIPv4: '1',
  availableIPv4: '2',
  allocatedIPv6: '0',
  availableIPv6: '0',
  conditions: [{ type: 'Ready', status: 'True', reason: 'Valid', message: 'm' }],
};

function group(status: GroupFacts['status']): GroupFacts {
  return {
    key: 'default',
    uid: 'u',
    resourceVersion: '1',
    generation: 3,
    createdAt: 0,
    spec: {
      assign: { auto: true, priority: 0, sharing: 'Cluster' },
      draining: false,
      announce: { mode: 'Auto', takeBack: 'Never', onConflict: 'Defend', takeOver: 'WhenSilent' },
    },
    status,
  };
}

const said = {
  ...wanted,
  conditions: [{ ...wanted.conditions[0], lastTransitionTime: 'before', observedGeneration: 3 }],
};

describe('the status of a group', () => {
  it('is written where it is not there, and not where it is true', () => {
    const first = planGroupStatus(group({}), wanted, 'now');
    expect(first).toMatchObject({ allocatedIPv4: '1', conditions: [{ type: 'Ready', lastTransitionTime: 'now' }] });
    expect(planGroupStatus(group(said as GroupFacts['status']), wanted, 'now')).toBeUndefined();
  });

  it('keeps the time of a condition whose status stays, and the conditions of others', () => {
    const foreign = { type: 'Else', status: 'True', reason: 'R', message: '', lastTransitionTime: 'then' } as const;
    const before = { ...said, allocatedIPv4: '99', conditions: [foreign, ...said.conditions] } as GroupFacts['status'];
    const plan = planGroupStatus(group(before), wanted, 'now');
    expect(plan?.allocatedIPv4).toBe('1');
    expect(plan?.conditions?.map(({ type, lastTransitionTime }) => [type, lastTransitionTime])).toEqual([
      ['Else', 'then'],
      ['Ready', 'before'],
    ]);
  });

  it('is known for one in which only the counts are out of date', () => {
    const counted = group({ ...said, allocatedIPv4: '99' } as GroupFacts['status']);
    expect(saysConditions(counted, planGroupStatus(counted, wanted, 'now') ?? {})).toBe(true);
    const edited = { ...counted, generation: 4 };
    expect(saysConditions(edited, planGroupStatus(edited, wanted, 'now') ?? {})).toBe(false);
    expect(saysConditions(group({}), planGroupStatus(group({}), wanted, 'now') ?? {})).toBe(false);
  });
});
