import { expect, test } from '@jest/globals';
import { reportOf, type ProbePacket, type ProbeReport } from '../lab/probe-report.ts';
import { longestSilenceMs } from './silence.ts';

/** A packet each millisecond; each is answered at the time given, or never. */
function reported(answers: readonly (number | null)[]): ProbeReport {
  const packets = answers.map((answered, sent): ProbePacket => {
    return { sent, answered, node: answered === null ? '' : 'node-1' };
  });
  return reportOf({ intervalMs: 1, packets, duplicates: 0, maxSendLateMs: 0 });
}

test('there is no silence where nothing was lost', () => {
  expect(longestSilenceMs(reported([0.5, 1.5, 2.5]))).toBe(0);
});

test('it lasts from the first lost packet to the next answer', () => {
  expect(longestSilenceMs(reported([0.5, null, null, 3.5, null, 5.5]))).toBe(2.5);
});

test('packets that were kept and answered late do not make it shorter', () => {
  expect(longestSilenceMs(reported([0.5, null, null, 6, 6, 6, 6.5]))).toBe(5);
});

test('it lasts to the end where no more answers came', () => {
  expect(longestSilenceMs(reported([0.5, null, null]))).toBe(2);
});
