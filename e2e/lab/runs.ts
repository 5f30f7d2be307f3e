import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A run as its `run.json` describes it. */
export interface KnownRun {
  readonly id: string;
  /** The process that owns it. */
  readonly pid: number;
  readonly started: string;
  readonly directory: string;
}

/** Where all runs of this machine have their folders. */
export function runsDirectory(): string {
  return join(tmpdir(), 'fairlead-lab');
}

/** The runs whose owner lives, and is a lab that was left running (`main.ts`), not a test. */
export async function heldRuns(holder: string): Promise<KnownRun[]> {
  const names = await readdir(runsDirectory()).catch(() => []);
  const runs = await Promise.all(
    names.map(async (name): Promise<KnownRun | undefined> => {
      try {
        const run = JSON.parse(await readFile(join(runsDirectory(), name, 'run.json'), 'utf8')) as KnownRun;
        // The number of a process that has ended may be another's by now.
        const command = (await readFile(`/proc/${run.pid}/cmdline`, 'utf8')).split('\0');
        return command.includes(holder) ? run : undefined;
      } catch {
        return undefined; // its owner is gone
      }
    }),
  );
  return runs.filter((run) => run !== undefined);
}
