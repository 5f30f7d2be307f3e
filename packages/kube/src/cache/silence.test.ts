import { jest } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { ApiHealth } from '../client/api-health.ts';
import { DeadlineError } from '../client/deadline.ts';
import { Doubt, failWhenSilent } from './silence.ts';

function outage(health: ApiHealth, silent: boolean): void {
  health.reportFailure({ silent });
  health.reportFailure(); // refusals before it is well again do not make the silence undone
  health.reportSuccess();
}

function watched(): { health: ApiHealth; reopened: () => number; hear: () => void; end: () => void } {
  const health = new ApiHealth();
  const doubt = new Doubt({ health, random: () => 0.5, now: Date.now });
  let [reopened, lastContact] = [0, Date.now()];
  const end = doubt.lookAfter({ lastContact: () => lastContact, reopen: () => (reopened += 1) });
  return { health, end, reopened: () => reopened, hear: () => (lastContact = Date.now()) };
}

describe('silence', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('of requests makes a quiet watch doubtful when the server answers again, once a minute at most', async () => {
    const { health, reopened } = watched();
    outage(health, true);
    expect(reopened()).toBe(0);
    await jest.advanceTimersByTimeAsync(500);
    expect(reopened()).toBe(1);
    outage(health, true);
    await jest.advanceTimersByTimeAsync(59_000);
    expect(reopened()).toBe(1);
    await jest.advanceTimersByTimeAsync(1_000);
    outage(health, true);
    await jest.advanceTimersByTimeAsync(500);
    expect(reopened()).toBe(2);
  });

  it('says nothing of a watch that is heard since, nor do refusals', async () => {
    const { health, reopened, hear } = watched();
    outage(health, false);
    await jest.advanceTimersByTimeAsync(1_000);
    outage(health, true);
    await jest.advanceTimersByTimeAsync(100);
    hear();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(reopened()).toBe(0);
  });

  it('is nobody’s business any more when the watch has ended', async () => {
    const { health, reopened, end } = watched();
    outage(health, true);
    end();
    outage(health, true);
    await jest.advanceTimersByTimeAsync(1_000);
    expect([reopened(), jest.getTimerCount()]).toEqual([0, 0]);
  });

  it('in the middle of a list ends it', async () => {
    const body = new PassThrough();
    const failed = new Promise((resolve) => body.once('error', resolve));
    const { heard } = failWhenSilent(body, 100);
    await jest.advanceTimersByTimeAsync(80);
    heard();
    await jest.advanceTimersByTimeAsync(80);
    expect(body.destroyed).toBe(false);
    await jest.advanceTimersByTimeAsync(20);
    expect(await failed).toBeInstanceOf(DeadlineError);
  });

  it('after the list is none', async () => {
    const body = new PassThrough();
    failWhenSilent(body, 100).end();
    await jest.advanceTimersByTimeAsync(1_000);
    expect([body.destroyed, jest.getTimerCount()]).toEqual([false, 0]);
  });
});
