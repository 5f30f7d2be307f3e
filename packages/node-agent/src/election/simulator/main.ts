/**
 * `make soak`: plays histories of a range of seeds, on all cores, and prints what broke and how long things took.
 * Ctrl-C ends it and prints what was played until then.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { generateHistory } from './generate.ts';
import { describeHistory } from './history.ts';
import type { History } from './history.ts';
import { play } from './play.ts';
import { playLong } from './long.ts';
import type { Violation } from './referee.ts';
import { Distributions, describeFailure } from './report.ts';
import { soak } from './soak.ts';

const COMMAND = 'node packages/node-agent/src/election/simulator/main.ts';
const USAGE = `make soak ARGS='…'
  --from N       first seed (default 1)
  --seeds N      number of seeds (default 1000000)
  --jobs N       processes (default: one a core)
  --hours N      instead, one history of so many hours of virtual time, with a fault every 17 s, from the seed --from
  --replay SEED  play one seed and tell all that happens
  --history JSON the same for a history that was printed
`;

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1000000' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    hours: { type: 'string' },
    replay: { type: 'string' },
    history: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function whole(name: 'from' | 'seeds' | 'jobs' | 'hours' | 'replay', text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < (name === 'from' || name === 'replay' ? 0 : 1)) {
    throw new RangeError(`--${name} ${text}: give a whole number, such as --${name} 10`);
  }
  return value;
}

/** Plays one history and tells all of it. */
function tell(history: History): number {
  describeHistory(history).forEach(say);
  say('');
  const { violations, ms } = play(history, { trace: say });
  say(`\nended after ${Math.round(ms)} ms of virtual time`);
  return judge(violations);
}

/** Plays one long history and tells what came right before a broken rule. */
function tellLong(hours: number): number {
  const started = performance.now();
  const { violations, samples, ms } = playLong({ seed: whole('from', values.from), hours, say });
  const distributions = new Distributions();
  distributions.add(samples);
  say(`${distributions.table(['gap', 'overlap', 'handOver', 'leftover'])}\n`);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  say(`${(ms / 3_600_000).toFixed(2)} hours of virtual time, ${seconds} s: ${violations.length} failures`);
  return judge(violations);
}

function judge(violations: readonly Violation[]): number {
  for (const { rule, at, what } of violations) {
    say(`at ${Math.round(at)} ms: "${rule}" is broken: ${what}`);
  }
  return violations.length === 0 ? 0 : 1;
}

async function soakAll(): Promise<number> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const started = performance.now();
  const count = whole('seeds', values.seeds);
  let shownAt = started;
  const result = await soak({
    from: whole('from', values.from),
    count,
    jobs: whole('jobs', values.jobs),
    signal: stop.signal,
    onFailure: (failure) => say(describeFailure(failure, COMMAND)),
    onProgress: (played) => {
      const now = performance.now();
      if (now - shownAt > 10_000) {
        shownAt = now;
        say(`${played} of ${count} seeds, ${Math.round((played * 1000) / (now - started))} a second`);
      }
    },
  });
  const hours = (result.virtualMs / 3_600_000).toFixed(1);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  say(`\n${result.distributions.table(['gap', 'overlap', 'handOver', 'leftover'])}\n`);
  say(`${result.played} histories, ${hours} hours of virtual time, ${seconds} s: ${result.failures} failures`);
  return result.failures === 0 ? 0 : 1;
}

if (values.help) {
  process.stdout.write(USAGE);
} else if (values.history !== undefined) {
  process.exitCode = tell(JSON.parse(values.history) as History);
} else if (values.hours !== undefined) {
  process.exitCode = tellLong(whole('hours', values.hours));
} else if (values.replay !== undefined) {
  process.exitCode = tell(generateHistory(whole('replay', values.replay)));
} else {
  process.exitCode = await soakAll();
}
