import { processorTimeOf } from '../usage.ts';

/** Waits so many milliseconds. */
export function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** Processor time that a process takes from now on for so many milliseconds, in per cent of a core. */
export async function shareOf({ pid }: { readonly pid: number }, milliseconds: number): Promise<number> {
  const before = await processorTimeOf(pid);
  const began = performance.now();
  await wait(milliseconds);
  return (((await processorTimeOf(pid)) - before) / ((performance.now() - began) / 1000)) * 100;
}
