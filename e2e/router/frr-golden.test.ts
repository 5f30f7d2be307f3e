import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const TESTDATA = join(import.meta.dirname, '..', '..', 'packages', 'router', 'testdata-frr');
const run = promisify(execFile);

/** Has vtysh read a file without using it. @throws with what it has against the file */
async function mustAccept(path: string): Promise<void> {
  await run('vtysh', ['--dryrun', '--inputfile', path]);
}

describe('vtysh accepts', () => {
  it('every golden file', async () => {
    const names = (await readdir(TESTDATA)).filter((name) => name.endsWith('.conf'));
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) {
      await expect(
        mustAccept(join(TESTDATA, name)).catch((error: unknown) => `${name}: ${String(error)}`),
      ).resolves.toBe(undefined);
    }
  });

  it('not just anything', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-frr-'));
    try {
      const file = join(folder, 'frr.conf');
      await writeFile(file, 'router bgp 64512\n neighbor 192.0.2.254 hold tight\nexit\n');
      await expect(mustAccept(file)).rejects.toThrow('line 2:');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
