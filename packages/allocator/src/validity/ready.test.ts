import type { Problem } from '@fairlead/api';
import { judgeValidity, planReady } from './ready.ts';

const problem = (sentence: string): Problem<string> => ({ reason: 'Wrong', sentence, path: 'spec' });

function judge(problems: readonly Problem<string>[], conditions: Parameters<typeof judgeValidity>[0]['status'] = {}) {
  return judgeValidity({ metadata: { name: 'r', generation: 2 }, spec: {}, status: conditions }, () => problems);
}

describe('the condition Ready', () => {
  it('says what is wrong, all of it up to five', () => {
    const plan = planReady(judge(['a', 'b', 'c', 'd', 'e', 'f'].map(problem)), 'now');
    expect(plan).toEqual([
      {
        type: 'Ready',
        status: 'False',
        reason: 'Wrong',
        message: 'a; b; c; d; e; and 1 more',
        lastTransitionTime: 'now',
        observedGeneration: 2,
      },
    ]);
  });

  it('is written once, again for another generation, and with the time of its last change', () => {
    const first = planReady(judge([]), 'then') ?? [];
    expect(first[0]).toMatchObject({ status: 'True', reason: 'Valid' });
    expect(planReady(judge([], { conditions: first }), 'now')).toBeUndefined();
    const older = first.map((condition) => Object.assign({}, condition, { observedGeneration: 1 }));
    expect(planReady(judge([], { conditions: older }), 'now')).toEqual(first);
  });
});
