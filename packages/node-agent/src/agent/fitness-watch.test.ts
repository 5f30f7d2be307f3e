import { EXAMPLE_NODE as NODE } from '../facts/example.ts';
import { initialGate } from '../health/data-path.ts';
import { FitnessWatch } from './fitness-watch.ts';
import { Gathering } from './gathering.ts';

/** A watch that is asked whenever it has asked for it, as the reconciler does, with the reasons that it has given. */
function watching(options: { readonly withdraw?: boolean } = {}): {
  readonly reasons: readonly string[];
  readonly change: (over: { readonly networkUnavailable?: boolean; readonly selected?: boolean }) => void;
  readonly advance: (ms: number) => void;
} {
  let now = 0;
  let view = { node: NODE, selected: true };
  let due: { readonly at: number; readonly callback: () => void }[] = [];
  const reasons: string[] = [];
  const timers = {
    now: () => now,
    after: (ms: number, callback: () => void) => {
      due.push({ at: now + ms, callback });
      return () => undefined;
    },
  };
  const gathering = new Gathering({
    timers,
    signal: new AbortController().signal,
    act: () => {
      reasons.push(watch.of(view).reason);
    },
  });
  const watch = new FitnessWatch({
    timers,
    gate: () => initialGate({ enabled: false, before: undefined }),
    arpIgnored: () => undefined,
    withdraw: options.withdraw ?? false,
    askAgain: (ms) => {
      gathering.ask(ms);
    },
  });
  return {
    reasons,
    change: ({ networkUnavailable = view.node.networkUnavailable, selected = view.selected }) => {
      view = { node: { ...NODE, networkUnavailable }, selected };
      gathering.ask();
    },
    advance: (ms) => {
      const until = now + ms;
      for (;;) {
        const next = due.filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)[0];
        if (next === undefined) {
          break;
        }
        due = due.filter((each) => each !== next);
        now = next.at;
        next.callback();
      }
      now = until;
    },
  };
}

test('NetworkUnavailable counts after 30 s, though something else happened meanwhile and nothing does then', () => {
  const { change, advance, reasons } = watching();
  change({ networkUnavailable: true });
  advance(10_000);
  change({});
  advance(19_000);
  expect(reasons.at(-1)).toBe('Fit');
  advance(2_000);
  expect(reasons.at(-1)).toBe('NetworkUnavailable');
  change({ networkUnavailable: false });
  advance(100);
  expect(reasons.at(-1)).toBe('Fit');
});

test('a second time it is awaited for as long again', () => {
  const { change, advance, reasons } = watching();
  change({ networkUnavailable: true });
  advance(29_000);
  change({ networkUnavailable: false });
  advance(100);
  change({ networkUnavailable: true });
  advance(29_000);
  expect(reasons.at(-1)).toBe('Fit');
  advance(2_000);
  expect(reasons.at(-1)).toBe('NetworkUnavailable');
});

test('a node that no LBNodeAgent selects any more leaves after 10 s: objects are deleted and made anew', () => {
  const { change, advance, reasons } = watching();
  change({});
  advance(100);
  change({ selected: false });
  advance(9_000);
  expect(reasons.at(-1)).toBe('Fit');
  advance(2_000);
  expect(reasons.at(-1)).toBe('NotSelected');
  change({ selected: true });
  advance(100);
  expect(reasons.at(-1)).toBe('Fit');
});

test('a node that none has selected since the agent started takes nothing at all', () => {
  const { change, advance, reasons } = watching();
  change({ selected: false });
  advance(100);
  expect(reasons).toEqual(['NotSelected']);
});

test('an agent that is to withdraw says so, whatever else there is', () => {
  const { change, advance, reasons } = watching({ withdraw: true });
  change({ networkUnavailable: true, selected: false });
  advance(100);
  expect(reasons).toEqual(['Withdrawn']);
});
