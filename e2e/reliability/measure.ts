import type { Outcome, Preparation, Scenario } from './scenario.ts';

/** What the repetitions of a scenario came to. */
export interface Result {
  readonly scenario: Pick<Scenario, 'name' | 'subject' | 'what' | 'promised' | 'others'>;
  readonly outcomes: readonly Outcome[];
  /** Repetitions that did not come to an end, each with its reason. */
  readonly failures: readonly string[];
}

/** How a scenario is measured. */
export interface MeasureOptions {
  readonly times: number;
  readonly progress: (text: string) => void;
}

/** After so many repetitions without an end the others are not tried. */
const MOST_FAILURES = 3;

/** Runs a scenario so many times in one scene; where a repetition fails, the scene is kept for reading and made anew. */
export async function measure(scenario: Scenario, { times, progress }: MeasureOptions): Promise<Result> {
  const { name, subject = 'local', what, promised, others } = scenario;
  const outcomes: Outcome[] = [];
  const failures: string[] = [];
  let preparation: Preparation | undefined;
  try {
    for (let done = 0; done < times && failures.length < MOST_FAILURES; done += 1) {
      try {
        preparation ??= await scenario.prepare({ progress: (text) => progress(`${name}: ${text}`) });
        const outcome = onlyOutcome(await preparation.repeat());
        outcomes.push(outcome);
        if (outcome.faults.length > 0) preparation.fail();
        progress(`${name} ${done + 1}/${times}: ${inWords(outcome)}`);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        failures.push(reason);
        progress(`${name} ${done + 1}/${times} did not come to an end: ${reason}`);
        preparation?.fail();
        await preparation?.[Symbol.asyncDispose]();
        preparation = undefined;
      }
    }
  } finally {
    await preparation?.[Symbol.asyncDispose]();
  }
  return { scenario: { name, subject, what, promised, ...(others !== undefined && { others }) }, outcomes, failures };
}

/** An outcome without what else its scenario may know, thousands of packets for instance. */
function onlyOutcome(outcome: Outcome): Outcome {
  const { lost, gapMs, overlapMs, settledMs, routesMs, connections, probeLateMs, faults } = outcome;
  return {
    lost,
    gapMs,
    ...(overlapMs !== undefined && { overlapMs }),
    ...(settledMs !== undefined && { settledMs }),
    ...(routesMs !== undefined && { routesMs }),
    ...(connections !== undefined && { connections }),
    probeLateMs,
    faults,
  };
}

function inWords(outcome: Outcome): string {
  const { lost, gapMs, overlapMs, settledMs, routesMs, connections, probeLateMs, faults } = outcome;
  return [
    `${lost} lost, gap ${gapMs.toFixed(1)} ms${overlapMs === undefined ? '' : `, overlap ${overlapMs.toFixed(1)} ms`}`,
    ...(settledMs === undefined ? [] : [`one holder after ${settledMs.toFixed(1)} ms`]),
    ...(routesMs === undefined ? [] : [`routes right after ${routesMs.toFixed(1)} ms`]),
    ...(connections === undefined
      ? []
      : [`${connections.lost} connections lost, slowest ${connections.slowestMs.toFixed(1)} ms`]),
    `probe late by ${probeLateMs.toFixed(1)} ms`,
    ...faults,
  ].join('; ');
}
