/**
 * The lab's clock: milliseconds since 1970 with fractions, steady within a process (CLOCK_MONOTONIC), and the same in all
 * processes of the machine unless somebody sets its time during a run. Kernel timestamps of frames and `ip -ts` are on it too.
 */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
