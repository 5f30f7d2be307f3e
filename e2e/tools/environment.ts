import { access, constants } from 'node:fs/promises';

/** The environment variables that decide where things are; `process.env` at the edge, a plain object in tests. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Can this file be run (or this folder be entered)? */
export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
