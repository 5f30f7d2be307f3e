import { jest } from '@jest/globals';
import { Courtesy } from './courtesy.ts';
import { DeadlineError, withDeadline } from './deadline.ts';

const forever = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

describe('calls', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('of low priority wait until no other is under way', async () => {
    const courtesy = new Courtesy();
    const [first, second] = [courtesy.begin(), courtesy.begin()];
    let went = false;
    void courtesy.letOthersGo().then(() => (went = true));
    first();
    await jest.advanceTimersByTimeAsync(0);
    expect(went).toBe(false);
    second();
    await jest.advanceTimersByTimeAsync(0);
    expect(went).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('of low priority are not starved', async () => {
    const courtesy = new Courtesy();
    courtesy.begin();
    let went = false;
    void courtesy.letOthersGo().then(() => (went = true));
    await jest.advanceTimersByTimeAsync(249);
    expect(went).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(went).toBe(true);
  });

  it('end at their time limit, and leave no timer when they end before', async () => {
    const late = withDeadline(100, undefined, forever).catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(100);
    expect(await late).toBeInstanceOf(DeadlineError);
    expect(await withDeadline(100, undefined, async () => 7)).toBe(7);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('end with the outer signal and for its reason', async () => {
    const controller = new AbortController();
    const reason = new Error('stop');
    const call = withDeadline(100, controller.signal, forever);
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await expect(withDeadline(100, controller.signal, async () => 7)).rejects.toBe(reason);
  });
});
