import { expect, test } from '@jest/globals';
import { measure } from './measure.ts';
import type { Outcome, Scenario } from './scenario.ts';

const FINE: Outcome = { lost: 0, gapMs: 0, overlapMs: 0, probeLateMs: 0, faults: [] };

/** A scenario whose repetitions go as the list says, and what became of its scenes. */
function scripted(script: readonly (Outcome | Error)[]): { scenario: Scenario; scenes: string[] } {
  const scenes: string[] = [];
  let repetition = 0;
  const scenario: Scenario = {
    name: 'scripted',
    what: 'goes as it is told',
    promised: {},
    prepare: async () => {
      const scene = scenes.push('made') - 1;
      const note = (what: string): void => void (scenes[scene] += `, ${what}`);
      return {
        repeat: async () => {
          const next = script[repetition++];
          if (next === undefined || next instanceof Error) throw next ?? new Error('the script is over');
          return next;
        },
        fail: () => note('kept'),
        [Symbol.asyncDispose]: async () => note('ended'),
      };
    },
  };
  return { scenario, scenes };
}

const quiet = { progress: (): void => {} };

test('all repetitions share one scene, which is ended after the last one', async () => {
  const { scenario, scenes } = scripted([FINE, FINE, FINE]);
  const { outcomes, failures } = await measure(scenario, { times: 3, ...quiet });
  expect(outcomes).toEqual([FINE, FINE, FINE]);
  expect(failures).toEqual([]);
  expect(scenes).toEqual(['made, ended']);
});

test('a repetition without an end counts as one, and the others go on in a new scene', async () => {
  const { scenario, scenes } = scripted([FINE, new Error('stands still'), FINE]);
  const { outcomes, failures } = await measure(scenario, { times: 3, ...quiet });
  expect(outcomes).toHaveLength(2);
  expect(failures).toEqual(['stands still']);
  expect(scenes).toEqual(['made, kept, ended', 'made, ended']);
});

test('after three of them no more are tried', async () => {
  const { scenario, scenes } = scripted(Array.from({ length: 9 }, () => new Error('stands still')));
  const { failures } = await measure(scenario, { times: 9, ...quiet });
  expect(failures).toHaveLength(3);
  expect(scenes).toEqual(Array.from({ length: 3 }, () => 'made, kept, ended'));
});

test('the logs of a scene in which something was wrong are kept', async () => {
  const { scenario, scenes } = scripted([{ ...FINE, faults: ['a stranger answered'] }]);
  await measure(scenario, { times: 1, ...quiet });
  expect(scenes).toEqual(['made, kept, ended']);
});
