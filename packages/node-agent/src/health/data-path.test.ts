import { initialGate, stepGate } from './data-path.ts';
import type { Gate, Probe } from './data-path.ts';

const GOOD: Probe = { type: 'good' };
const BAD: Probe = { type: 'bad', detail: '503' };
const NOBODY: Probe = { type: 'nobody' };

function run(gate: Gate, probes: readonly (readonly [number, Probe])[]): Gate {
  return probes.reduce((state, [now, probe]) => stepGate(state, probe, now), gate);
}

const fresh = initialGate({ enabled: true, before: undefined });
const shut = initialGate({ enabled: true, before: 'bad' });

test.each<[string, Gate, readonly (readonly [number, Probe])[], string]>([
  ['a fresh node waits', fresh, [], 'waiting'],
  ['a restarted agent does not', initialGate({ enabled: true, before: 'open' }), [], 'open'],
  ['nor where nobody has listened since boot', initialGate({ enabled: true, before: 'unchecked' }), [], 'unchecked'],
  ['and does not open what was shut', shut, [[0, BAD]], 'bad'],
  ['until that is good', shut, [[0, GOOD]], 'open'],
  ['none: never asked', initialGate({ enabled: false, before: 'bad' }), [], 'unchecked'],
  ['good once opens', fresh, [[0, GOOD]], 'open'],
  [
    'bad answers keep it shut for as long as they last',
    fresh,
    [
      [0, BAD],
      [100_000, BAD],
    ],
    'waiting',
  ],
  [
    'nobody there: waits a little',
    fresh,
    [
      [0, NOBODY],
      [9_999, NOBODY],
    ],
    'waiting',
  ],
  [
    'nobody there for 10 s: goes on without',
    fresh,
    [
      [0, NOBODY],
      [10_000, NOBODY],
    ],
    'unchecked',
  ],
  [
    'but not where it was bad in between: it is there, and restarts',
    fresh,
    [
      [0, NOBODY],
      [9_000, BAD],
      [10_000, NOBODY],
      [19_000, NOBODY],
    ],
    'waiting',
  ],
  [
    'and checks it when it comes',
    fresh,
    [
      [0, NOBODY],
      [10_000, NOBODY],
      [11_000, GOOD],
      [12_000, BAD],
      [42_000, BAD],
    ],
    'bad',
  ],
  [
    'bad for less than 30 s is nothing',
    fresh,
    [
      [0, GOOD],
      [1, BAD],
      [30_000, BAD],
      [30_500, GOOD],
    ],
    'open',
  ],
  [
    'bad for 30 s hands over',
    fresh,
    [
      [0, GOOD],
      [1, BAD],
      [30_001, BAD],
    ],
    'bad',
  ],
  [
    'gone for 30 s hands over',
    fresh,
    [
      [0, GOOD],
      [1, NOBODY],
      [30_001, NOBODY],
    ],
    'bad',
  ],
  [
    'a good answer in between starts the count anew',
    fresh,
    [
      [0, GOOD],
      [1, BAD],
      [20_000, GOOD],
      [20_001, BAD],
      [40_000, BAD],
    ],
    'open',
  ],
  [
    'and comes back',
    fresh,
    [
      [0, GOOD],
      [1, BAD],
      [30_001, BAD],
      [30_002, GOOD],
    ],
    'open',
  ],
])('%s', (_, gate, probes, expected) => {
  expect(run(gate, probes).state).toBe(expected);
});
