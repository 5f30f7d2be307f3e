import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { IDLE_CONFIGURATION } from '@fairlead/router';

const TESTDATA = join(import.meta.dirname, '..', '..', 'packages', 'router', 'testdata');
const run = promisify(execFile);

describe('BIRD accepts', () => {
  it.each(readdirSync(TESTDATA).filter((name) => name.endsWith('.conf')))('the golden file %s', async (name) => {
    await expect(run('bird', ['-p', '-c', join(TESTDATA, name)])).resolves.toMatchObject({ stderr: '' });
  });

  it('the configuration of a node without a Router', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-idle-'));
    try {
      await writeFile(join(folder, 'bird.conf'), IDLE_CONFIGURATION);
      await expect(run('bird', ['-p', '-c', join(folder, 'bird.conf')])).resolves.toMatchObject({ stderr: '' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
