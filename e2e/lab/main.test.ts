import { afterAll, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MAIN = join(import.meta.dirname, 'main.ts');
const main = async (...args: string[]) => (await run(process.execPath, [MAIN, ...args])).stdout;

/** Whatever a failed test has left; other labs of this machine that were left running stay, for it is asked by id. */
let started: string | undefined;
afterAll(async () => {
  if (started !== undefined) await main('--stop', started);
}, 30_000);

test('a lab that is left running answers to the commands that it prints, and is gone when told to stop', async () => {
  const printed = await main('--bare', '--nodes', '1');
  started = /^lab ([0-9a-f]{6}):/m.exec(printed)?.[1];
  const [, kubeconfig = ''] = /export KUBECONFIG=(\S+)/.exec(printed) ?? [];
  const [, kubectl = ''] = /^ {2}(\S+kubectl) get nodes/m.exec(printed) ?? [];
  expect(
    (await run(kubectl, ['get', 'nodes', '-o', 'name'], { env: { ...process.env, KUBECONFIG: kubeconfig } })).stdout,
  ).toBe('node/node-1\n');
  const [, command = ''] = /^ {2}(birdc .*)$/m.exec(printed) ?? [];
  expect((await run('sh', ['-c', command])).stdout).toContain('ospf4');

  expect(await main('--stop', started ?? '')).toContain(`lab ${started} is gone`);
  expect(existsSync(dirname(kubeconfig))).toBe(false);
  started = undefined;
}, 90_000);

test('it says what is wrong with its arguments', async () => {
  await expect(main('--nodes', '0')).rejects.toThrow(/1 to 250 nodes/);
  await expect(main('--stop', 'abcdef')).resolves.toContain('no lab abcdef is running');
}, 30_000);
