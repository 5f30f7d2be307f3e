import { copyFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { frrDaemon } from '@fairlead/router';
import type { DaemonConnection } from '@fairlead/router';
import { Frr } from '../lab/index.ts';
import type { Run } from '../lab/index.ts';
import { NODE, startTopology } from './topology.ts';

const TESTDATA = join(import.meta.dirname, '..', '..', 'packages', 'router', 'testdata-frr');
const ALL = { zebra: '', bgpd: '', bfdd: '', ospfd: '', ospf6d: '', ripd: '', ripngd: '' };
/** Keyed hashes for OSPF version 2: an older FRR refuses them, and so never sends packets without. */
const FROM_FRR_9 = 'ospf-password-sha512.conf';

describe('a running FRR', () => {
  const { signal } = new AbortController();
  let run: Run;
  let frr: Frr;
  let connection: DaemonConnection;
  const folder = (): string => join(run.directory, 'frr');
  const daemon = () => frrDaemon({ directory: folder(), vtyshPath: 'vtysh' });
  const ours = async (): Promise<readonly string[]> =>
    (await frr.vtysh('show running-config')).match(/^(router|(ip|ipv6) |route-map|key|bfd|bgp|interface \S+\n ).*/gm) ??
    [];

  beforeAll(async () => {
    run = await startTopology();
    frr = await Frr.launch(run, { name: NODE, namespace: NODE, directory: folder(), configurations: ALL });
    connection = await daemon().connect(signal);
  }, 30_000);

  afterAll(async () => {
    connection?.close();
    await run?.close();
  }, 30_000);

  it('takes every golden file in the place of the one before, and keeps nothing of any', async () => {
    const names = (await readdir(TESTDATA)).filter((name) => name.endsWith('.conf') && name !== FROM_FRR_9);
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) {
      await copyFile(join(TESTDATA, name), join(folder(), 'frr.conf'));
      expect([name, await connection.configure()]).toEqual([name, { type: 'accepted' }]);
    }
    expect(await ours()).not.toEqual([]);
    await writeFile(join(folder(), 'frr.conf'), '! nothing\n');
    expect(await connection.configure()).toEqual({ type: 'accepted' });
    expect(await ours()).toEqual([]);
  }, 120_000);

  it('has what only newer versions know refused before any of it is brought', async () => {
    const result = await daemon().check(join(TESTDATA, FROM_FRR_9), signal);
    expect(result).toMatchObject(
      /^(9|\d\d)\./.test(connection.version ?? '')
        ? { type: 'valid' }
        : { type: 'invalid', fault: { line: 44, message: 'Unknown command' } },
    );
  });

  it('has a line refused that vtysh does not know, and nothing else of the file', async () => {
    const file = join(folder(), 'candidate');
    const text = 'router bgp 64512\n neighbor 192.0.2.254 hold tight\nexit\n';
    await writeFile(file, text);
    expect(await daemon().check(file, signal)).toMatchObject({ type: 'invalid', fault: { line: 2 } });
    await writeFile(file, text.replace('hold tight', 'remote-as 64513'));
    expect(await daemon().check(file, signal)).toEqual({ type: 'valid' });
  });

  it('goes back where a daemon refuses a line, and says which', async () => {
    await copyFile(join(TESTDATA, 'ospf-v2.conf'), join(folder(), 'frr.conf'));
    expect(await connection.configure()).toEqual({ type: 'accepted' });
    const before = await ours();
    await writeFile(join(folder(), 'frr.conf'), 'ip prefix-list new permit 10.1.0.0/24 ge 8 le 16\n');
    expect(await connection.configure()).toMatchObject({ type: 'invalid', fault: { line: 1 } });
    expect(await ours()).toEqual(before);
  }, 20_000);
});
