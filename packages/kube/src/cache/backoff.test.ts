import { jest } from '@jest/globals';
import { ApiHealth } from '../client/api-health.ts';
import { Backoff, backoffBound } from './backoff.ts';

const never = new AbortController().signal;
const SILENCE = { answered: false } as const;
const REFUSAL = { answered: true } as const;

/** A wait whose end can be asked for. */
function watch(wait: Promise<void>): { ended: () => boolean } {
  let ended = false;
  void wait.then(() => (ended = true));
  return { ended: () => ended };
}

function make(random = 0.9) {
  const health = new ApiHealth();
  return { health, backoff: new Backoff({ health, random: () => random }) };
}

describe('back-off', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('doubles its bound up to 5 s, however long the outage', () => {
    expect([1, 2, 3, 6, 7, 1_000].map(backoffBound)).toEqual([100, 200, 400, 3_200, 5_000, 5_000]);
  });

  it('waits a random part of the bound and starts over after a success', async () => {
    const { backoff } = make(0.5);
    for (const milliseconds of [50, 100, 200]) {
      const wait = watch(backoff.failed(never, SILENCE));
      await jest.advanceTimersByTimeAsync(milliseconds - 1);
      expect(wait.ended()).toBe(false);
      await jest.advanceTimersByTimeAsync(1);
      expect(wait.ended()).toBe(true);
    }
    backoff.succeeded();
    const wait = watch(backoff.failed(never, SILENCE));
    await jest.advanceTimersByTimeAsync(50);
    expect(wait.ended()).toBe(true);
  });

  it('is cut short when another request gets through again, but not twice in a row', async () => {
    const { health, backoff } = make();
    for (const expected of [true, false, true]) {
      for (let failure = backoff.failures; failure < 8; failure += 1) {
        void backoff.failed(never, SILENCE);
        await jest.advanceTimersByTimeAsync(10_000);
      }
      const wait = watch(backoff.failed(never, SILENCE));
      health.reportFailure();
      health.reportSuccess();
      await jest.advanceTimersByTimeAsync(100);
      expect(wait.ended()).toBe(expected);
      await jest.advanceTimersByTimeAsync(10_000);
    }
  });

  it('begins a new count with the first answer after silence, and goes on counting after that', async () => {
    const { backoff } = make(0.5);
    for (let failure = 0; failure < 8; failure += 1) {
      void backoff.failed(never, SILENCE);
      await jest.advanceTimersByTimeAsync(10_000);
    }
    for (const milliseconds of [50, 100, 200]) {
      const wait = watch(backoff.failed(never, REFUSAL));
      await jest.advanceTimersByTimeAsync(milliseconds - 1);
      expect(wait.ended()).toBe(false);
      await jest.advanceTimersByTimeAsync(1);
      expect(wait.ended()).toBe(true);
    }
  });

  it('is not cut short by a success when nothing had failed', async () => {
    const { health, backoff } = make();
    const wait = watch(backoff.failed(never, SILENCE));
    health.reportSuccess();
    await jest.advanceTimersByTimeAsync(80);
    expect(wait.ended()).toBe(false);
  });

  it('honours Retry-After against any recovery', async () => {
    const { health, backoff } = make();
    const wait = watch(backoff.failed(never, { answered: true, atLeastMs: 3_000 }));
    health.reportFailure();
    health.reportSuccess();
    await jest.advanceTimersByTimeAsync(2_999);
    expect(wait.ended()).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(wait.ended()).toBe(true);
  });

  it('ends with its signal and leaves no timer', async () => {
    const controller = new AbortController();
    const { backoff } = make();
    const wait = backoff.failed(controller.signal, { answered: true, atLeastMs: 60_000 });
    controller.abort();
    await wait;
    expect(jest.getTimerCount()).toBe(0);
  });
});
