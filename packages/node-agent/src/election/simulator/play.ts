import { FOR_GOOD_MS } from './history.ts';
import type { History } from './history.ts';
import type { Sample } from './ledger.ts';
import { Referee } from './referee.ts';
import type { Violation } from './referee.ts';
import { Weather } from './weather.ts';
import { traceWorld } from './trace.ts';
import { World } from './world.ts';

/** What came of a history. */
export interface Outcome {
  readonly violations: readonly Violation[];
  readonly samples: readonly Sample[];
  /** Virtual milliseconds that it took. */
  readonly ms: number;
  /** Equal for two runs if and only if, practically, the same happened in both. */
  readonly fingerprint: string;
}

/** Virtual milliseconds after the last step in which everything has time to settle. */
const AFTER_MS = 5000;
/** What is still out of order is given as long as the slowest rule allows it to be. */
const LONGEST_AFTER_MS = 60_000;
/** How often the referee looks at the clock, in virtual milliseconds. */
const TICK_MS = 500;

/**
 * Plays a history from its beginning to its end, or to the first rule that is broken.
 * @param options.trace gets a line for each thing that happens, but for the nodes' watch over each other
 */
export function play(history: History, options: { readonly trace?: (line: string) => void } = {}): Outcome {
  const world = new World(history);
  const referee = new Referee(world);
  if (options.trace !== undefined) {
    traceWorld(world, options.trace);
  }
  const weather = new Weather({
    world,
    history,
    watcher: referee,
  });
  referee.watch(weather);
  world.startAgents();
  history.services.forEach(({ at }, position) =>
    world.timeline.after(at, () => {
      weather.applyService(position);
      referee.serviceChanged();
    }),
  );
  const last = Math.max(
    0,
    ...history.services.map(({ at }) => at),
    ...history.steps.map(({ at, ms }) => (ms >= FOR_GOOD_MS ? at : at + ms)),
  );
  const goesOn = (): boolean =>
    world.timeline.now < last + AFTER_MS ||
    (!referee.settled() && world.timeline.now < last + AFTER_MS + LONGEST_AFTER_MS);
  while (referee.violations.length === 0 && goesOn()) {
    world.run(TICK_MS);
    referee.tick();
  }
  referee.finish();
  const frames = world.lans.flatMap(({ wire }) => [...wire.sent.values()]);
  return {
    violations: referee.violations,
    samples: referee.samples,
    ms: world.timeline.now,
    fingerprint: [world.timeline.now, ...frames, world.random()].join(' '),
  };
}
