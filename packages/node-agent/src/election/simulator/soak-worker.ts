import { generateHistory } from './generate.ts';
import type { History } from './history.ts';
import { play } from './play.ts';
import { Distributions } from './report.ts';
import type { Failure, Times } from './report.ts';
import type { Rule } from './referee.ts';
import { shrink } from './shrink.ts';

/** Seeds for a worker. */
export interface Chunk {
  readonly from: number;
  readonly count: number;
  /** Rules whose shortest history is known already. */
  readonly known: readonly Rule[];
}

/** What came of them. */
export interface ChunkResult {
  readonly played: number;
  readonly virtualMs: number;
  readonly times: readonly Times[];
  /** The first seed of the chunk that broke a rule; the rest of the chunk was left out. */
  readonly failure: Failure | undefined;
}

/** Plays the seeds of a chunk, up to the first one that breaks a rule. */
export function playChunk({ from, count, known }: Chunk): ChunkResult {
  const distributions = new Distributions();
  let virtualMs = 0;
  for (let seed = from; seed < from + count; seed += 1) {
    const history = generateHistory(seed);
    const outcome = play(history);
    virtualMs += outcome.ms;
    distributions.add(outcome.samples);
    const [violation] = outcome.violations;
    if (violation !== undefined) {
      const shortest = known.includes(violation.rule)
        ? undefined
        : shrink(history, (shorter) => breaks(shorter, violation.rule));
      const played = seed - from + 1;
      return { played, virtualMs, times: distributions.times, failure: { seed, violation, shortest } };
    }
  }
  return { played: count, virtualMs, times: distributions.times, failure: undefined };
}

function breaks(history: History, rule: Rule): boolean {
  return play(history).violations.some((violation) => violation.rule === rule);
}

process.on('message', (chunk: Chunk) => process.send?.(playChunk(chunk)));
// Ctrl-C in a terminal reaches all of its processes: whoever started this one decides when it ends, by hanging up.
process.on('SIGINT', () => undefined);
