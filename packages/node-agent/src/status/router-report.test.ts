import type { ObservedSession, RouterStatus } from '@fairlead/router';
import type { Timers } from '../apply/timers.ts';
import { RouterReport } from './router-report.ts';

const SESSION: ObservedSession = {
  name: 'tor',
  protocol: 'BGP',
  state: 'Established',
  isUp: true,
  since: undefined,
  exported: 0,
  imported: 0,
  message: '',
};

function status(more: Partial<ObservedSession> = {}): RouterStatus {
  return {
    daemon: 'BIRD',
    router: 'rack-1',
    configuration: { type: 'current' },
    connected: true,
    version: '2.0.12',
    sessions: [{ ...SESSION, ...more }],
    problems: [],
    lastReset: undefined,
  };
}

/** Time that passes when it is told to. */
class Clock implements Timers {
  #now = 0;
  readonly #due: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const entry = { at: this.#now + ms, callback };
    this.#due.push(entry);
    return () => {
      this.#due.splice(this.#due.indexOf(entry), 1);
    };
  }

  pass(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const next = this.#due.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > until) {
        this.#now = until;
        return;
      }
      this.#due.splice(this.#due.indexOf(next), 1);
      this.#now = next.at;
      next.callback();
    }
  }
}

function report(): { readonly clock: Clock; readonly report: RouterReport; readonly told: (string | undefined)[] } {
  const clock = new Clock();
  const told: (string | undefined)[] = [];
  const made = new RouterReport({ timers: clock, changed: () => told.push(made.told?.sessions[0]?.state) });
  return { clock, report: made, told };
}

test('a change is told at once', () => {
  const { clock, report: made, told } = report();
  made.update(status());
  clock.pass(0);
  made.update(status({ state: 'Idle' }));
  clock.pass(0);
  expect(told).toEqual(['Established', 'Idle']);
});

test('a session that flaps for a minute is told twenty times, and its last state in the end', () => {
  const { clock, report: made, told } = report();
  for (let time = 0; time < 60_000; time += 100) {
    made.update(status({ state: time % 200 === 0 ? 'Idle' : 'Connect' }));
    clock.pass(100);
  }
  expect(told.length).toBeLessThanOrEqual(22);
  made.update(status({ state: 'Established' }));
  clock.pass(5_000);
  expect(told.at(-1)).toBe('Established');
});

test('counts are handed on as they come, for they have a pace of their own', () => {
  const { clock, report: made, told } = report();
  made.update(status());
  clock.pass(0);
  for (let exported = 1; exported <= 100; exported += 1) {
    made.update(status({ exported }));
  }
  expect(told).toHaveLength(101);
  expect(made.told?.sessions[0]?.exported).toBe(100);
});

test('nothing is told any more when it is closed', () => {
  const { clock, report: made, told } = report();
  made.update(status());
  made.close();
  clock.pass(60_000);
  expect(told).toEqual([]);
});
