import { describe, expect, test } from '@jest/globals';
import { reportOf, type ProbePacket, type ProbeReport } from '../lab/probe-report.ts';
import { longestDisturbanceMs, longestSilenceMs } from './silence.ts';

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

/** A packet each millisecond; these are lost. */
function losing(...lost: readonly number[]): readonly ProbePacket[] {
  return Array.from({ length: 100 }, (_, sent) => ({
    sent,
    answered: lost.includes(sent) ? null : sent + 1,
    node: 'n',
  }));
}

function sentLater<P extends { readonly sent: number }>(packet: P, milliseconds: number): P {
  return { ...packet, sent: packet.sent + milliseconds };
}

describe('a disturbance', () => {
  test('lasts from the first loss to the last one, whatever is answered between them', () => {
    expect(longestDisturbanceMs({ packets: losing(10, 13, 16, 19) }, 4)).toBe(10);
    expect(longestDisturbanceMs({ packets: losing() }, 4)).toBe(0);
  });

  test('goes on while the probe itself is late', () => {
    const late = losing(10, 13, 16).map((packet) => (packet.sent < 13 ? packet : sentLater(packet, 500)));
    expect(longestDisturbanceMs({ packets: late }, 4)).toBe(507);
  });

  test('is over when each flow has been answered', () => {
    expect(longestDisturbanceMs({ packets: losing(10, 13, 40, 41, 42, 45, 90) }, 4)).toBe(6);
  });
});
