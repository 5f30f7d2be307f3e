import { describe, expect, test } from '@jest/globals';
import { parseIpEvent, type IpEvent } from '../lab/ip-monitor.ts';
import { holdingTimes, overlapMs, overlaps, settledMs, type HoldingTime } from './holding-times.ts';

const ADDRESS = '172.20.64.1';
const START = Date.parse('2026-01-01T00:00:00Z');

/** An event of `ip monitor` so many milliseconds after the start. */
function event(at: number, text: 'comes' | 'goes', address = ADDRESS): IpEvent {
  const time = new Date(START + at).toISOString().slice(0, -1);
  const deleted = text === 'goes' ? 'Deleted ' : '';
  const parsed = parseIpEvent(
    `[${time}] [ADDR]${deleted}2: eth0    inet ${address}/32 scope global noprefixroute eth0`,
  );
  if (parsed === undefined) throw new Error('not an event');
  return parsed;
}

function times(
  has: boolean,
  events: readonly IpEvent[],
  absences: readonly { from: number; to: number }[] = [],
): string[] {
  return holdingTimes({
    node: 'node-1',
    address: ADDRESS,
    has,
    from: START,
    to: START + 100,
    events,
    absences: absences.map(({ from, to }) => ({ from: START + from, to: START + to })),
  }).map(({ from, to }) => `${from - START}-${to - START}`);
}

describe('when a node had an address', () => {
  test('follows what its kernel tells, of that address alone', () => {
    expect(times(true, [])).toEqual(['0-100']);
    expect(times(false, [])).toEqual([]);
    expect(times(true, [event(20, 'goes'), event(30, 'comes', '172.20.64.2'), event(40, 'comes')])).toEqual([
      '0-20',
      '40-100',
    ]);
  });

  test('goes on when the address is renewed', () => {
    expect(times(false, [event(10, 'comes'), event(50, 'comes'), event(60, 'goes')])).toEqual(['10-60']);
  });

  test('leaves out the times in which the node was off the LAN', () => {
    expect(times(true, [], [{ from: 30, to: Infinity }])).toEqual(['0-30']);
    expect(
      times(
        true,
        [],
        [
          { from: -10, to: 20 },
          { from: 50, to: 60 },
        ],
      ),
    ).toEqual(['20-50', '60-100']);
    expect(times(true, [event(20, 'goes')], [{ from: 10, to: 90 }])).toEqual(['0-10']);
  });
});

function span(node: string, from: number, to: number): HoldingTime {
  return { node, from, to };
}

describe('the overlap', () => {
  test('is the time in which two have it, and no more where a third one has it, too', () => {
    const all = [span('a', 0, 50), span('b', 40, 100), span('c', 45, 60)];
    expect(overlaps(all)).toEqual([{ from: 40, to: 60 }]);
    expect(overlapMs(all)).toBe(20);
  });

  test('is none where one lets go in the moment in which the next one takes it', () => {
    expect(overlapMs([span('a', 0, 50), span('b', 50, 100)])).toBe(0);
  });

  test('settles with its last moment, as seen from any moment before', () => {
    const all = [span('a', 0, 30), span('b', 20, 60), span('a', 50, 90)];
    expect(settledMs(all, 10)).toBe(50);
    expect(settledMs(all, 55)).toBe(5);
    expect(settledMs(all, 80)).toBe(0);
  });
});
