import { Gathering } from './gathering.ts';

function gathering(): {
  ask: (ms?: number) => void;
  abort: () => void;
  advance: (ms: number) => void;
  acted: number[];
} {
  let now = 0;
  const due: { at: number; callback: () => void }[] = [];
  const acted: number[] = [];
  const end = new AbortController();
  const made = new Gathering({
    timers: {
      now: () => now,
      after: (ms, callback) => {
        due.push({ at: now + ms, callback });
        return () => undefined;
      },
    },
    signal: end.signal,
    act: () => {
      acted.push(now);
    },
  });
  return {
    acted,
    ask: (ms) => {
      made.ask(ms);
    },
    abort: () => {
      end.abort();
    },
    advance: (ms) => {
      const until = now + ms;
      for (const { at, callback } of due.filter((each) => each.at > now && each.at <= until)) {
        now = at;
        callback();
      }
      now = until;
    },
  };
}

test('what is asked for in a group is done once, soon', () => {
  const { ask, advance, acted } = gathering();
  ask();
  ask();
  advance(1_000);
  expect(acted).toEqual([10]);
});

test('a later request does not delay an earlier one, and is done with it', () => {
  const { ask, advance, acted } = gathering();
  ask(500);
  ask();
  advance(1_000);
  expect(acted).toEqual([10]);
  ask(500);
  advance(1_000);
  expect(acted).toEqual([10, 1_500]);
});

test('nothing is done once the signal has aborted', () => {
  const { ask, abort, advance, acted } = gathering();
  ask();
  abort();
  advance(1_000);
  expect(acted).toEqual([]);
});
