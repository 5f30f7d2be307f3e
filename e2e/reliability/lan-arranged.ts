import { reportOf } from '@fairlead/e2e/lab';
import type { ProbePacket } from '@fairlead/e2e/lab';
import type { Bounds, Outcome, Scenario } from './scenario.ts';
import { longestSilenceMs } from './silence.ts';
import { Stage, type StageOptions } from './stage.ts';

/** What {@link arranged} makes a scenario of. */
export interface ArrangedOptions<T> {
  readonly name: string;
  readonly what: string;
  readonly promised: Bounds;
  readonly stage?: StageOptions;
  /** Changes the stage before the first repetition, for all of them: another switch, a further station. */
  readonly arrange: (stage: Stage) => Promise<T>;
  /** Makes the fault once, and brings the stage back to what `arrange` left. */
  readonly once: (stage: Stage, arrangement: T) => Promise<Outcome>;
}

/** A scenario on a stage of its own, with something added to it. */
export function arranged<T>({ stage: options, arrange, once, ...scenario }: ArrangedOptions<T>): Scenario {
  return {
    ...scenario,
    prepare: async ({ progress }) => {
      const stage = await Stage.start({ ...options, progress });
      try {
        const arrangement = await arrange(stage);
        return {
          repeat: async () => once(stage, arrangement),
          fail: () => stage.lab.fail(),
          [Symbol.asyncDispose]: async () => stage[Symbol.asyncDispose](),
        };
      } catch (error) {
        stage.lab.fail();
        await stage[Symbol.asyncDispose]();
        throw error;
      }
    },
  };
}

/** What packets that were sent from `from` to `to` (on the lab's clock) say of losses, the silence in milliseconds. */
export function lossesOf(
  packets: readonly ProbePacket[],
  { from = -Infinity, to = Infinity }: { readonly from?: number; readonly to?: number },
): Pick<Outcome, 'lost' | 'gapMs'> {
  const within = packets.filter(({ sent }) => sent >= from && sent < to);
  const report = reportOf({ packets: within, intervalMs: 1, duplicates: 0, maxSendLateMs: 0 });
  return { lost: report.lost, gapMs: longestSilenceMs(report) };
}
