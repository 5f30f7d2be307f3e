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

/** Keyed hashes for OSPF version 2: an older FRR refuses them, and so never sends packets without. */
const FROM_FRR_9 = 'ospf-password-sha512.conf';

async function verdictOn(name: string): Promise<string> {
  return mustAccept(join(TESTDATA, name)).then(
    () => 'accepted',
    (error: unknown) => `${name}: ${String(error)}`,
  );
}

describe('vtysh accepts', () => {
  it('every golden file', async () => {
    const names = (await readdir(TESTDATA)).filter((name) => name.endsWith('.conf') && name !== FROM_FRR_9);
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) {
      expect(await verdictOn(name)).toBe('accepted');
    }
  });

  it('what only newer versions know, or refuses it', async () => {
    expect(await verdictOn(FROM_FRR_9)).toMatch(/^accepted$|ip ospf authentication key-chain/);
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
