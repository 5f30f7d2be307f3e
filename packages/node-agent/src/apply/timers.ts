import { setTimeout as sleep } from 'node:timers/promises';

/** Time for those who wait, passed in so that tests need not. */
export interface Timers {
  /** Steady milliseconds. */
  now(): number;
  /** Calls back once after so many ms. @returns what cancels it */
  after(ms: number, callback: () => void): () => void;
}

/** The timers of the process. They do not keep it alive. */
export function systemTimers(): Timers {
  return {
    now: () => performance.now(),
    after: (ms, callback) => {
      const timer = setTimeout(callback, ms);
      timer.unref();
      return () => {
        clearTimeout(timer);
      };
    },
  };
}

/** Waits so many ms, or until the signal aborts. Never rejects. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal }).catch(() => undefined);
}
