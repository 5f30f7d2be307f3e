import { generateHistory } from './generate.ts';
import { describeStep } from './history.ts';
import type { History } from './history.ts';
import { play } from './play.ts';
import type { Outcome } from './play.ts';

const HOUR_MS = 3_600_000;
/** Faults of a long history: one in 17 s. */
const STEPS_AN_HOUR = 208;
/** How much is told of what came before a broken rule. */
const LAST = { lines: 200, ms: 60_000 };

/** One LAN over many hours, with a fault every few seconds, each of which ends. */
export function longHistory(options: { readonly seed: number; readonly hours: number }): History {
  const { seed, hours } = options;
  const within = hours * HOUR_MS;
  return generateHistory(seed, { within, steps: Math.ceil(hours * STEPS_AN_HOUR), longest: 20_000, forGood: false });
}

/**
 * Plays a long history.
 * @param options.say gets, where a rule is broken, which steps and what else came right before that
 */
export function playLong(options: {
  readonly seed: number;
  readonly hours: number;
  readonly say: (line: string) => void;
}): Outcome {
  const { say } = options;
  const history = longHistory(options);
  const outcome = play(history);
  const [violation] = outcome.violations;
  if (violation === undefined) {
    return outcome;
  }
  history.steps
    .filter(({ at, ms }) => at <= violation.at && at + ms >= violation.at - LAST.ms)
    .forEach((step) => say(describeStep(step)));
  const lines: string[] = [];
  play(history, {
    trace: (line) => {
      lines.push(line);
      if (lines.length > 2 * LAST.lines) {
        lines.splice(0, LAST.lines);
      }
    },
  });
  lines.slice(-LAST.lines).forEach(say);
  return outcome;
}
