import { afterAll, beforeAll, test } from '@jest/globals';
import { startLab, type Lab, type LabOptions } from './lab.ts';

/** Tests of one file that share a lab. */
export interface LabSuite {
  /** The lab; there from `beforeAll` on. */
  readonly lab: Lab;
  /** A test with the lab. When it fails, the lab's logs are kept and their place is printed. Default time-out 60 s. */
  test(name: string, body: (lab: Lab) => Promise<void>, timeoutMs?: number): void;
}

/** Starts a lab before the tests of this file or `describe`, and ends it after them. */
export function useLab(options: LabOptions = {}): LabSuite {
  let lab: Lab | undefined;
  const started = () => {
    if (!lab) throw new Error('the lab has not been started: use it inside tests and hooks');
    return lab;
  };
  beforeAll(async () => {
    lab = await startLab(options);
  }, 90_000);
  afterAll(async () => {
    await lab?.close();
  }, 30_000);
  return {
    get lab() {
      return started();
    },
    test(name, body, timeoutMs = 60_000) {
      // oxlint-disable-next-line jest/expect-expect -- the body has them
      test(
        // oxlint-disable-next-line jest/valid-title -- the caller's
        name,
        async () => {
          try {
            await body(started());
          } catch (error) {
            started().fail();
            throw error;
          }
        },
        timeoutMs,
      );
    },
  };
}
