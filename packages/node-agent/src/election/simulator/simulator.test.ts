import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { generateHistory } from './generate.ts';
import { FOR_GOOD_MS, describeHistory } from './history.ts';
import type { History, Step } from './history.ts';
import { play } from './play.ts';
import { describeFailure } from './report.ts';
import { fewer, shrink } from './shrink.ts';
import { soak } from './soak.ts';

/** What a simulated world must not touch. */
function forbidden(): never {
  throw new Error('this is not of the simulated world');
}

/** Three nodes on one LAN and one Service, and what is to go wrong. */
function historyOf(steps: readonly Step[], over: Partial<History> = {}): History {
  const lans = [{ families: 'IPv4', members: [0, 1, 2] }] as const;
  return { seed: 1, nodes: 3, lans, services: [{ at: 100, lan: 0, family: 'IPv4', weights: [] }], steps, ...over };
}

/** Runs the simulator by itself: under the test runner, which gives each module a context of its own, it takes four times as long. */
async function runMain(...args: string[]): Promise<{ readonly status: number | null; readonly text: string }> {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (text += part));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, text };
}

describe('10,000 histories', () => {
  let day: ReturnType<typeof runMain>;

  beforeAll(() => {
    // It takes one core for as long as the others take theirs.
    day = runMain('--hours', '24', '--from', '24');
  });

  test('break no rule', async () => {
    const failures: string[] = [];
    const { played, virtualMs, distributions } = await soak({
      from: 1,
      count: 10_000,
      jobs: 2,
      onFailure: (failure) =>
        failures.push(describeFailure(failure, 'node packages/node-agent/src/election/simulator/main.ts')),
    });
    process.stdout.write(
      `${played} histories, ${(virtualMs / 3_600_000).toFixed(1)} hours of virtual time\n${distributions.table(['gap', 'overlap'])}\n`,
    );
    expect(failures.join('\n\n')).toBe('');
    expect(played).toBe(10_000);
  }, 600_000);

  test('break none either as one day of virtual time, a fault every few seconds', async () => {
    const { status, text } = await day;
    process.stdout.write(text);
    expect(text).toMatch(/^2[34]\.\d+ hours of virtual time, \d+ s: 0 failures$/m);
    expect(status).toBe(0);
  }, 600_000);
});

describe('a history', () => {
  test('of a seed happens the same each time, bit by bit', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      expect(generateHistory(seed)).toEqual(generateHistory(seed));
      expect(play(generateHistory(seed)).fingerprint).toBe(play(generateHistory(seed)).fingerprint);
    }
    expect(play(generateHistory(1)).fingerprint).not.toBe(play(generateHistory(2)).fingerprint);
  });

  test('reads no clock and draws no chance but its own, so that the time of day may jump as it likes', () => {
    const spies = [
      jest.spyOn(Date, 'now').mockImplementation(forbidden),
      jest.spyOn(performance, 'now').mockImplementation(forbidden),
      jest.spyOn(Math, 'random').mockImplementation(forbidden),
    ];
    try {
      for (let seed = 1; seed <= 50; seed += 1) {
        expect(play(generateHistory(seed)).violations).toEqual([]);
      }
    } finally {
      spies.forEach((spy) => spy.mockRestore());
    }
  });

  test('reads as lines, and comes back from what is printed', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const history = generateHistory(seed);
      expect(describeHistory(history)).toHaveLength(
        history.lans.length + history.services.length + history.steps.length,
      );
      expect(play(JSON.parse(JSON.stringify(history)) as History).fingerprint).toBe(play(history).fingerprint);
    }
  });
});

describe('the shortest history', () => {
  test('of a list keeps what fails together and nothing else', () => {
    const items = Array.from({ length: 40 }, (_, index) => index);
    expect(fewer(items, (rest) => rest.includes(7) && rest.includes(31))).toEqual([7, 31]);
  });

  test('has only the steps that matter, and fewer nodes and Services', () => {
    const history = historyOf(
      [
        { type: 'duplicates', lan: 0, share: 0.5, at: 3000, ms: 2000 },
        { type: 'crash', node: 0, at: 3300, ms: 8000 },
        { type: 'kill-agent', node: 0, stateFile: true, at: 4000, ms: FOR_GOOD_MS },
        { type: 'ineligible', service: 2, nodes: [0], at: 4050, ms: 100 },
        { type: 'clock', node: 1, byMs: 1e6, at: 4100, ms: 0 },
      ],
      { services: [0, 1, 2].map((at) => ({ at, lan: 0, family: 'IPv4', weights: [5, 5] })) },
    );
    const shortest = shrink(
      history,
      ({ steps, services, lans }) =>
        steps.some(({ type }) => type === 'crash') &&
        steps.some((step) => step.type === 'ineligible' && step.service === services.length - 1) &&
        lans.some(({ members }) => members.includes(0)),
    );
    expect(shortest).toEqual(
      historyOf(
        [
          { type: 'crash', node: 0, at: 3000, ms: 2000 },
          { type: 'ineligible', service: 0, nodes: [0], at: 4000, ms: 13 },
        ],
        { lans: [{ families: 'IPv4', members: [0] }], services: [{ at: 0, lan: 0, family: 'IPv4', weights: [] }] },
      ),
    );
  });
});

describe('make soak', () => {
  test('tells a seed again, and says what is wrong with an argument', async () => {
    const replay = await runMain('--replay', '7');
    expect(replay.status).toBe(0);
    expect(replay.text).toContain(describeHistory(generateHistory(7)).join('\n'));
    expect(replay.text).toMatch(/announces 10\.|announces fd00:/);
    expect((await runMain('--seeds', '60', '--jobs', '2')).text).toMatch(/60 histories, .* 0 failures/);
    expect((await runMain('--seeds', 'many')).text).toContain('--seeds many: give a whole number');
  }, 60_000);
});
