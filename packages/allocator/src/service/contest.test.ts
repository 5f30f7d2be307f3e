import { Contests } from './contest.ts';

describe('a contested status', () => {
  it('is put back three times within a minute, and then after growing waits', () => {
    const contests = new Contests();
    const ask = (now: number) => contests.ask('a', now);
    expect([ask(0), ask(1), ask(2)]).toEqual([{ kind: 'now' }, { kind: 'now' }, { kind: 'now' }]);
    expect(ask(3)).toEqual({ kind: 'wait', ms: 60_000, first: true });
    expect(ask(1_003)).toEqual({ kind: 'wait', ms: 59_000, first: false });
    expect([ask(60_003), ask(60_004), ask(60_005)].every(({ kind }) => kind === 'now')).toBe(true);
    expect(ask(60_006)).toEqual({ kind: 'wait', ms: 120_000, first: true });
  });

  it('is none where edits are rare, nor one Service those of another', () => {
    const contests = new Contests();
    const rare = [0, 30_000, 60_000, 90_000, 120_000].map((now) => contests.ask('a', now).kind);
    expect(new Set(rare)).toEqual(new Set(['now']));
    expect(contests.ask('b', 120_000).kind).toBe('now');
  });
});
