import { Contests } from './contest.ts';

const MINUTE = 60_000;

/** Asks every 10 ms for so many minutes; the times of those that were allowed, in minutes, and how many waits were new. */
function contend(contests: Contests, from: number, minutes: number): { restores: number[]; notes: number } {
  const restores: number[] = [];
  let notes = 0;
  for (let now = from; now < from + minutes * MINUTE; now += 10) {
    const answer = contests.ask('a', now);
    if (answer.kind === 'now') {
      restores.push(Math.floor((now - from) / MINUTE));
    } else if (!answer.told) {
      notes += 1;
      contests.told('a');
    }
  }
  return { restores, notes };
}

describe('a contested status', () => {
  it('is put back three times within a minute, and then after growing waits', () => {
    const contests = new Contests();
    const ask = (now: number) => contests.ask('a', now);
    expect([ask(0), ask(1), ask(2)]).toEqual([{ kind: 'now' }, { kind: 'now' }, { kind: 'now' }]);
    expect(ask(3)).toEqual({ kind: 'wait', ms: 60_000, told: false });
    expect(contests.contested(3)).toBe(1);
    expect(ask(1_003)).toEqual({ kind: 'wait', ms: 59_000, told: false });
    contests.told('a');
    expect(ask(1_003)).toEqual({ kind: 'wait', ms: 59_000, told: true });
    expect(contests.contested(60_003)).toBe(0);
    expect([ask(60_003), ask(60_004), ask(60_005)].every(({ kind }) => kind === 'now')).toBe(true);
    expect(ask(60_006)).toEqual({ kind: 'wait', ms: 120_000, told: false });
  });

  it('costs at most three restores and one note a wait, against a program that never stops', () => {
    const { restores, notes } = contend(new Contests(), 0, 60);
    expect(restores).toEqual([0, 1, 3, 7, 15, 25, 35, 45, 55].flatMap((minute) => [minute, minute, minute]));
    expect(notes).toBe(9);
  });

  it('is contested as for the first time after a long peace', () => {
    const contests = new Contests();
    contend(contests, 0, 30);
    expect(contend(contests, 60 * MINUTE, 2).restores).toEqual([0, 0, 0, 1, 1, 1]);
  });

  it('is none where edits are rare, nor one Service those of another', () => {
    const contests = new Contests();
    const rare = [0, 30_000, 60_000, 90_000, 120_000].map((now) => contests.ask('a', now).kind);
    expect(new Set(rare)).toEqual(new Set(['now']));
    expect(contests.ask('b', 120_000).kind).toBe('now');
  });
});
