import { jest } from '@jest/globals';
import { Courtesy } from './courtesy.ts';
import { DeadlineError, withDeadline } from './deadline.ts';

const forever = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

/** Whether the promise has been kept by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let is = false;
  void promise.then(() => (is = true));
  await jest.advanceTimersByTimeAsync(0);
  return is;
}

describe('calls', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('of low priority go at once when nobody else does', async () => {
    const courtesy = new Courtesy();
    expect(await settled(courtesy.letOthersGo())).toBe(true);
    courtesy.begin()();
    await jest.advanceTimersByTimeAsync(100);
    expect(await settled(courtesy.letOthersGo())).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('of low priority wait until no other was under way for a while', async () => {
    const courtesy = new Courtesy();
    const [first, second] = [courtesy.begin(), courtesy.begin()];
    const low = courtesy.letOthersGo();
    first();
    await jest.advanceTimersByTimeAsync(100);
    expect(await settled(low)).toBe(false);
    second();
    await jest.advanceTimersByTimeAsync(99);
    const third = courtesy.begin();
    await jest.advanceTimersByTimeAsync(100);
    expect(await settled(low)).toBe(false);
    third();
    await jest.advanceTimersByTimeAsync(99);
    expect(await settled(low)).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(await settled(low)).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('of low priority are not starved', async () => {
    const courtesy = new Courtesy();
    courtesy.begin();
    const low = courtesy.letOthersGo();
    await jest.advanceTimersByTimeAsync(999);
    expect(await settled(low)).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(await settled(low)).toBe(true);
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
