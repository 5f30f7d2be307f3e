import { jest } from '@jest/globals';
import { TokenBucket } from './token-bucket.ts';
import { WorkQueue } from './work-queue.ts';

const unexpected = (key: string, error: unknown): never => {
  throw new Error(`${key} failed`, { cause: error });
};

describe('work queue', () => {
  it('handles an item once that was added many times before', () => {
    const queue = new WorkQueue<string>();
    queue.add('a');
    queue.add('b');
    queue.add('a');
    expect([queue.take(), queue.take(), queue.take()]).toEqual(['a', 'b', undefined]);
  });

  it('handles an item again that was added meanwhile, and never twice at a time', () => {
    const queue = new WorkQueue<string>();
    queue.add('a');
    expect(queue.take()).toBe('a');
    queue.add('a');
    queue.add('a');
    expect(queue.take()).toBeUndefined();
    queue.done('a');
    expect([queue.take(), queue.take()]).toEqual(['a', undefined]);
  });

  it('hands items out in the order in which they came, whatever comes in between', () => {
    const queue = new WorkQueue<string>();
    for (const key of ['a', 'b', 'c']) {
      queue.add(key);
    }
    expect(queue.take()).toBe('a');
    queue.add('d');
    queue.done('a');
    queue.add('a');
    expect([queue.take(), queue.take(), queue.take(), queue.take(), queue.take()]).toEqual([
      'b',
      'c',
      'd',
      'a',
      undefined,
    ]);
    queue.add('e');
    expect([queue.take(), queue.size]).toEqual(['e', 0]);
  });

  it('lets timers and sockets have their turn while thousands of items need nothing but the processor', async () => {
    const queue = new WorkQueue<number>();
    const controller = new AbortController();
    const count = 300;
    let handled = 0;
    const handler = async (): Promise<void> => {
      handled += 1;
      for (const until = performance.now() + 1; performance.now() < until;) {
        // busy
      }
      if (handled === count) {
        controller.abort();
      }
    };
    let handledBefore = count;
    setTimeout(() => {
      handledBefore = handled;
    }, 20);
    for (let key = 0; key < count; key += 1) {
      queue.add(key);
    }
    await queue.run(handler, { concurrency: 4, signal: controller.signal, onError: () => {} });
    expect(handledBefore).toBeLessThan(count / 2);
  });

  it('runs as many handlers at a time as asked, and no more', async () => {
    const queue = new WorkQueue<number>();
    const controller = new AbortController();
    let running = 0;
    let most = 0;
    let handled = 0;
    const handler = async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      handled += 1;
      if (handled === 20) {
        controller.abort();
      }
    };
    for (let key = 0; key < 20; key += 1) {
      queue.add(key);
    }
    await queue.run(handler, { concurrency: 3, signal: controller.signal, onError: () => undefined });
    expect([most, handled]).toEqual([3, 20]);
  });

  it('waits at its end for what is being handled and begins nothing new', async () => {
    const queue = new WorkQueue<string>();
    const controller = new AbortController();
    const { promise: finish, resolve } = Promise.withResolvers<void>();
    const begun: string[] = [];
    const run = queue.run(
      async (key) => {
        begun.push(key);
        await finish;
      },
      { signal: controller.signal, onError: unexpected },
    );
    queue.add('a');
    queue.add('b');
    await new Promise((tick) => setImmediate(tick));
    controller.abort();
    let ended = false;
    void run.then(() => (ended = true));
    await new Promise((tick) => setImmediate(tick));
    expect(ended).toBe(false);
    resolve();
    await run;
    expect(begun).toEqual(['a']);
  });

  describe('in time', () => {
    beforeEach(() => jest.useFakeTimers());
    afterEach(() => jest.useRealTimers());

    it('adds after a delay, the earliest wish counting', async () => {
      const queue = new WorkQueue<string>();
      queue.addAfter('a', 1_000);
      queue.addAfter('a', 100);
      queue.addAfter('a', 500);
      await jest.advanceTimersByTimeAsync(99);
      expect(queue.size).toBe(0);
      await jest.advanceTimersByTimeAsync(1);
      expect(queue.take()).toBe('a');
      queue.done('a');
      await jest.advanceTimersByTimeAsync(2_000);
      expect(queue.size).toBe(0);
    });

    it('lets each failure of an item double its wait, up to the longest, until it is forgotten', () => {
      const queue = new WorkQueue<string>({ baseDelayMs: 5, maxDelayMs: 100, random: () => 0, retryBurst: 1_000 });
      const waits = Array.from({ length: 7 }, () => queue.addRateLimited('a'));
      expect(waits).toEqual([5, 10, 20, 40, 80, 100, 100]);
      queue.forget('a');
      expect(queue.addRateLimited('a')).toBe(5);
      expect(queue.addRateLimited('b')).toBe(5);
    });

    it('bounds the repeats of all items together', () => {
      const queue = new WorkQueue<number>({ retriesPerSecond: 10, retryBurst: 2, random: () => 0 });
      const waits = [0, 1, 2, 3].map((key) => queue.addRateLimited(key));
      expect(waits).toEqual([5, 5, 100, 200]);
    });

    it('tells of a failure and tries again until it succeeds', async () => {
      const queue = new WorkQueue<string>({ random: () => 0 });
      const controller = new AbortController();
      const failures: number[] = [];
      let attempts = 0;
      const run = queue.run(
        async () => {
          attempts += 1;
          if (attempts < 3) {
            throw new Error('not yet');
          }
          return { againInMs: 1_000 };
        },
        { signal: controller.signal, onError: (_key, _error, retryInMs) => failures.push(retryInMs) },
      );
      queue.add('a');
      await jest.advanceTimersByTimeAsync(20);
      expect([attempts, failures, queue.failures('a')]).toEqual([3, [5, 10], 0]);
      await jest.advanceTimersByTimeAsync(1_000);
      expect(attempts).toBe(4);
      controller.abort();
      await run;
      expect(jest.getTimerCount()).toBe(0);
    });
  });
});

describe('token bucket', () => {
  it('gives its burst at once, then its rate, and gathers no more than its burst', () => {
    let now = 0;
    const bucket = new TokenBucket({ rate: 10, burst: 2, now: () => now });
    expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([true, true, false]);
    now = 100;
    expect([bucket.take(), bucket.take()]).toEqual([true, false]);
    now = 60_000;
    expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([true, true, false]);
    expect([bucket.reserve(), bucket.reserve()]).toEqual([100, 200]);
  });
});
