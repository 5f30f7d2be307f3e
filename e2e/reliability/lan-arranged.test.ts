import { describe, expect, test } from '@jest/globals';
import type { ProbePacket } from '@fairlead/e2e/lab';
import { lossesOf } from './lan-arranged.ts';

/** Packets sent at 0, 1, 2 … ms; `.` for one that was answered, `x` for one that was lost. */
function packets(text: string): ProbePacket[] {
  return Array.from(text, (letter, sent) => ({ sent, answered: letter === '.' ? sent + 0.5 : null, node: 'node-1' }));
}

describe('what was lost in a part of the time', () => {
  const all = packets('..xx....xxxx...x');

  test('is all of it where no part is named', () => {
    expect(lossesOf(all, {})).toEqual({ lost: 7, gapMs: 4.5 });
  });

  test('leaves out what was sent before it and after it', () => {
    expect(lossesOf(all, { from: 3, to: 8 })).toEqual({ lost: 1, gapMs: 1.5 });
    expect(lossesOf(all, { from: 12, to: 15 })).toEqual({ lost: 0, gapMs: 0 });
  });

  test('has its longest silence, and not their sum', () => {
    expect(lossesOf(all, { to: 12 })).toEqual({ lost: 6, gapMs: 4 });
  });
});
