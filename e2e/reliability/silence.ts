import type { ProbeReport } from '@fairlead/e2e/lab';

/**
 * The longest silence that the client of a probe had to bear, in milliseconds: from the sending of a packet that was lost
 * to the arrival of the first answer after it, or to the end of the gap where none came; 0 where nothing was lost. Not to
 * the sending of that answer's packet: who has to ask for the MAC keeps some hundred packets meanwhile, and those are late
 * by as long as nobody answered.
 */
export function longestSilenceMs({ gaps, packets }: Pick<ProbeReport, 'gaps' | 'packets'>): number {
  const ends = gaps.map(({ from, to }) => {
    const next = packets.find(({ sent, answered }) => sent > from && answered !== null);
    return (next?.answered ?? to) - from;
  });
  return Math.max(0, ...ends);
}

/**
 * The longest time in which packets of a probe were lost again and again, in milliseconds: where only some flows are
 * concerned, those of the others are answered all the while. Losses that are no further apart than a packet of each of the
 * `flows` belong together; from the sending of the first to that of the next packet after the last.
 */
export function longestDisturbanceMs({ packets }: Pick<ProbeReport, 'packets'>, flows: number): number {
  let longest = 0;
  let first = 0;
  let last = -Infinity;
  packets.forEach(({ sent, answered }, index) => {
    if (answered !== null) return;
    // Counted, not timed: a probe that is late itself has not seen the end of it.
    if (index - last > flows) first = sent;
    last = index;
    longest = Math.max(longest, (packets[index + 1]?.sent ?? sent) - first);
  });
  return longest;
}
