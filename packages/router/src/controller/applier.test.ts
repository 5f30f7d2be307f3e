import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Applier } from './applier.ts';
import { ConfigFiles } from './config-files.ts';
import { DaemonError } from './daemon.ts';
import type { ConfigureResult, DaemonConnection, RoutingDaemon } from './daemon.ts';
import type { WantedText } from './wanted.ts';

const { signal } = new AbortController();
const GOOD = wanted('good');
const DEADLY = wanted('deadly');

function wanted(text: string): WantedText {
  return { type: 'text', text, explain: ({ message }) => ({ message, template: undefined }) };
}

const DAEMON: RoutingDaemon = {
  kind: 'BIRD',
  configFile: 'bird.conf',
  mainTemplate: 'bird.conf.hbs',
  idleConfiguration: '',
  needsFile: true,
  findForeignFile: () => undefined,
  check: async () => ({ type: 'valid' }),
  connect: async () => {
    throw new DaemonError('NotRunning', 'no daemon');
  },
};

/** A daemon that does this with what it reads. */
function connection(configure: () => Promise<ConfigureResult>): DaemonConnection & { reverted: number } {
  const made = {
    isOpen: true,
    version: undefined,
    startedAt: undefined,
    reverted: 0,
    configure,
    revert: async () => {
      made.reverted += 1;
    },
    observe: async () => [],
    close: () => undefined,
  };
  return made;
}

const ends = async (): Promise<ConfigureResult> => {
  throw new DaemonError('Disconnected', 'BIRD closed its control socket');
};

describe('Applier', () => {
  let folder: string;
  let applier: Applier;
  const live = (): Promise<string> => readFile(join(folder, 'bird.conf'), 'utf8');

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-applier-'));
    applier = new Applier({ files: new ConfigFiles(folder, 'bird.conf'), daemon: DAEMON });
    await applier.write(GOOD, { isRunning: true, signal });
    await applier.configure(
      GOOD,
      connection(async () => ({ type: 'accepted' })),
      signal,
    );
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('puts the last good file back, and has the daemon go back to it, where it refuses what its check let pass', async () => {
    await applier.write(wanted('bad'), { isRunning: true, signal });
    const refusing = connection(async () => ({ type: 'invalid', fault: { line: 3, message: 'no' } }));
    expect(await applier.configure(wanted('bad'), refusing, signal)).toMatchObject({ type: 'refused' });
    expect(await live()).toBe('good');
    expect(refusing.reverted).toBe(1);
    expect(await applier.write(wanted('bad'), { isRunning: true, signal })).toMatchObject({ type: 'refused' });
    applier.forgetRefusal();
    expect(await applier.write(wanted('bad'), { isRunning: true, signal })).toEqual({ type: 'done' });
  });

  it('has a daemon that ends of a configuration start with the last good one, and after three ends leaves it at that', async () => {
    for (const end of [1, 2, 3]) {
      applier.forgetRefusal();
      expect(await applier.write(DEADLY, { isRunning: true, signal })).toEqual({ type: 'done' });
      const outcome = applier.configure(DEADLY, connection(ends), signal);
      if (end < 3) {
        await expect(outcome).rejects.toThrow(DaemonError);
      } else {
        expect(await outcome).toMatchObject({
          type: 'refused',
          fault: { message: expect.stringContaining('3 times') },
        });
      }
      expect(await live()).toBe('good');
      const meanwhile = await applier.write(DEADLY, { isRunning: false, signal });
      expect(meanwhile.type).toBe(end < 3 ? 'failed' : 'refused');
      expect(await live()).toBe('good');
    }
    applier.forgetRefusal();
    expect(await applier.write(DEADLY, { isRunning: true, signal })).toMatchObject({ type: 'refused' });
    expect(await applier.write(GOOD, { isRunning: true, signal })).toEqual({ type: 'done' });
  });

  it('takes an end for chance where the configuration is accepted the next time', async () => {
    for (const _ of [1, 2, 3, 4]) {
      await applier.write(DEADLY, { isRunning: true, signal });
      await expect(applier.configure(DEADLY, connection(ends), signal)).rejects.toThrow(DaemonError);
      await applier.write(DEADLY, { isRunning: true, signal });
      const accepting = connection(async () => ({ type: 'accepted' }));
      expect(await applier.configure(DEADLY, accepting, signal)).toEqual({ type: 'done' });
      await writeFile(join(folder, 'bird.conf'), 'by hand');
    }
  });

  it('changes nothing because the agent itself has ended', async () => {
    const abort = new AbortController();
    await applier.write(DEADLY, { isRunning: true, signal });
    abort.abort();
    await expect(applier.configure(DEADLY, connection(ends), abort.signal)).rejects.toThrow(DaemonError);
    expect(await live()).toBe('deadly');
  });
});
