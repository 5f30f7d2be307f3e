import { describe, expect, test } from '@jest/globals';
import { reportOf, type ProbePacket } from './probe-report.ts';

/** One letter a packet, one a millisecond: who answered; `.` is lost. */
function series(text: string) {
  const packets = text.split('').map((letter, index): ProbePacket => {
    const sent = 1000 + index;
    return letter === '.' ? { sent, answered: null, node: '' } : { sent, answered: sent + 0.25, node: letter };
  });
  return { packets, intervalMs: 1, duplicates: 0, maxSendLateMs: 0 };
}

describe('a probe report', () => {
  test('counts what was lost, and how long nobody answered', () => {
    const report = reportOf(series('aaa....aaa.a'));
    expect(report).toMatchObject({ sent: 12, received: 7, lost: 5, longestGapMs: 4 });
    expect(report.gaps).toEqual([
      { from: 1003, to: 1007, ms: 4, lost: 4 },
      { from: 1010, to: 1011, ms: 1, lost: 1 },
    ]);
  });

  test('a gap that does not end lasts until the end', () => {
    expect(reportOf(series('a...')).gaps).toEqual([{ from: 1001, to: 1004, ms: 3, lost: 3 }]);
    expect(reportOf(series('....')).longestGapMs).toBe(4);
  });

  test('a move from one node to the next is no overlap', () => {
    const report = reportOf(series('aaaa..bbbb'));
    expect(report.overlaps).toEqual([]);
    expect(report.turns.map(({ node, packets }) => [node, packets])).toEqual([
      ['a', 4],
      ['b', 4],
    ]);
    expect(report.nodes).toEqual({
      a: { packets: 4, first: 1000, last: 1003 },
      b: { packets: 4, first: 1006, last: 1009 },
    });
  });

  test('two nodes in turns are an overlap, from the first change to the last', () => {
    const report = reportOf(series('aaaababbaabbbbb'));
    expect(report.overlaps).toEqual([{ nodes: ['b', 'a'], from: 1004, to: 1010, ms: 6 }]);
    expect(report.overlapMs).toBe(6);
  });

  test('an address that moves there and back later is no overlap', () => {
    expect(reportOf(series(`aaa${'b'.repeat(60)}aaa`)).overlaps).toEqual([]);
  });

  test('says the median round trip; null without any answer', () => {
    expect(reportOf(series('aaa')).medianRoundTripMs).toBe(0.25);
    expect(reportOf(series('...')).medianRoundTripMs).toBeNull();
  });
});
