import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Has BIRD check a configuration file. @throws with what BIRD has against it */
export async function mustAcceptFile(path: string): Promise<{ readonly stderr: string }> {
  return run('bird', ['-p', '-c', path]);
}

/** The same for the text of a configuration. */
export async function mustAccept(text: string): Promise<{ readonly stderr: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-bird-'));
  try {
    const file = join(folder, 'bird.conf');
    await writeFile(file, text);
    return await mustAcceptFile(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}
