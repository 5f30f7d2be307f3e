import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKubeClient } from '@fairlead/kube';
import type { KubeClient } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';
import { ManualTimers } from '../apply/testing.ts';
import { RouterSecrets } from './router-secrets.ts';

const nothing = (): void => undefined;
const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => silent };

describe('the passwords of a Router', () => {
  let directory: string;
  let client: KubeClient;
  let timers: ManualTimers;
  let changes: number;
  let secrets: RouterSecrets;

  const open = (folder = directory): RouterSecrets =>
    new RouterSecrets({
      client,
      logger: silent,
      timers,
      signal: new AbortController().signal,
      namespace: 'fairlead-system',
      key: 'password',
      directory: folder,
      changed: () => {
        changes += 1;
      },
    });

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'fairlead-secrets-'));
    // Of an API server that nobody has heard of yet.
    client = await createKubeClient({ kubeconfig: join(directory, 'none'), logger: silent, userAgent: 'test/1' });
    timers = new ManualTimers();
    changes = 0;
    secrets = open();
  });

  afterEach(async () => {
    await secrets.close();
    await client.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('are none where none is asked for', () => {
    expect(secrets.read([])).toEqual(new Map());
  });

  it('are waited for, but not for ever', () => {
    expect(secrets.read(['tor'])).toBeUndefined();
    timers.pass(9_000);
    expect(secrets.read(['tor'])).toBeUndefined();
    expect(timers.next(1_000)).toBe(true);
    expect(changes).toBe(1);
    expect(secrets.read(['tor'])).toEqual(new Map());
    // Another one is waited for anew.
    expect(secrets.read(['tor', 'other'])).toBeUndefined();
  });

  it('outlive the agent, for nobody else to read', async () => {
    secrets.remember(new Map([['tor', 'correct-horse']]));
    await secrets.close();
    expect((await stat(join(directory, 'passwords.last-good'))).mode & 0o777).toBe(0o600);
    secrets = open();
    const password = Buffer.from('correct-horse').toString('base64');
    expect(secrets.remembered()).toEqual(new Map([['tor', { password }]]));
  });

  it('are forgotten when they are in use no more', async () => {
    secrets.remember(new Map([['tor', 'correct-horse']]));
    await secrets.close();
    secrets = open();
    secrets.remember(new Map());
    await secrets.close();
    expect(secrets.remembered()).toEqual(new Map());
    expect(await readFile(join(directory, 'passwords.last-good'), 'utf8')).not.toContain('tor');
  });

  it.each(['', 'no JSON', '[]', '{"tor":{"password":"x"}}', 'null'])(
    'are none where the file holds %j',
    async (text) => {
      await writeFile(join(directory, 'passwords.last-good'), text);
      expect(secrets.remembered()).toEqual(new Map());
    },
  );

  it('are used where they cannot be remembered', async () => {
    const elsewhere = open(join(directory, 'away'));
    elsewhere.remember(new Map([['tor', 'correct-horse']]));
    await elsewhere.close();
    expect(elsewhere.remembered()).toEqual(new Map());
  });
});
