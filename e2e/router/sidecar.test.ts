import { cp, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildRouterView, RouterController } from '@fairlead/router';
import type { Logger, RouterIntent, RouterStatus } from '@fairlead/router';
import { untilFile } from '../lab/fairlead.ts';
import type { LabProcess, Run } from '../lab/index.ts';
import { Fib } from './fib.ts';
import { areEstablished, statusOf } from './status.ts';
import {
  birdFolder,
  group,
  neighbor,
  NODE,
  NODE_FACTS,
  router,
  spawnBird,
  spawnTor,
  startTopology,
  TOR,
} from './topology.ts';

const TEMPLATES = join(import.meta.dirname, '..', '..', 'bird-templates');
/** A route of the first group, which is in every configuration, and one of the second. */
const ALWAYS = '10.1.0.1/32';
const SECOND = '10.2.0.1/32';

const lines: string[] = [];
const logger: Logger = {
  debug: () => undefined,
  info: (message) => lines.push(`info ${message}`),
  warn: (message) => lines.push(`warn ${message}`),
  error: (message, fields) => lines.push(`error ${message} ${JSON.stringify(fields)}`),
};

/** What to announce: the pools of so many groups. */
function intent(...groups: readonly string[]): RouterIntent {
  return buildRouterView({
    router: router([neighbor({ name: 'tor' })]),
    serviceGroups: groups.map((range, index) => group(`group-${index}`, [range])),
    secrets: new Map(),
    node: { ...NODE_FACTS, labels: {} },
  });
}

/** Whether the session is the one that it was: BIRD tells the same moment a few milliseconds apart. */
function isSameSession(one: RouterStatus, other: RouterStatus): boolean {
  const [first, second] = [one, other].map(({ sessions }) => sessions[0]?.since?.getTime());
  return first !== undefined && second !== undefined && Math.abs(first - second) < 500;
}

/** Whether the configuration cannot be brought to BIRD, and these words say why. */
function hasFailed(words: string): (status: RouterStatus) => boolean {
  return ({ configuration }) => configuration.type === 'failed' && configuration.message.includes(words);
}

const ONE = intent('10.1.0.0/24');
const BOTH = intent('10.1.0.0/24', '10.2.0.0/24');

describe('BIRD in a container of its own', () => {
  let run: Run;
  let bird: LabProcess;
  let torFib: Fib;
  let folder: string;
  let controller: RouterController;

  function open(directory = folder): RouterController {
    return new RouterController({ directory, templateDirectory: TEMPLATES, logger });
  }

  /** An agent that begins its life with this on its mind. */
  async function start(wanted: RouterIntent): Promise<RouterStatus> {
    controller = open();
    controller.update(wanted);
    return statusOf(controller, areEstablished('tor'));
  }

  /** bird.conf of an intent, as an agent writes it. */
  async function textOf(wanted: RouterIntent): Promise<string> {
    const scratch = join(run.directory, 'scratch');
    const writer = open(scratch);
    writer.update(wanted);
    await statusOf(writer, ({ configuration }) => configuration.type === 'waiting');
    await writer.close();
    const text = await readFile(join(scratch, 'bird.conf'), 'utf8');
    await rm(scratch, { recursive: true });
    return text;
  }

  /** Puts a file into the folder under its name in one step, as an agent does. */
  async function putConfiguration(text: string): Promise<void> {
    await writeFile(join(folder, 'other'), text);
    await rename(join(folder, 'other'), join(folder, 'bird.conf'));
  }

  beforeAll(async () => {
    run = await startTopology();
    folder = birdFolder(run, NODE);
    await mkdir(folder);
    await run.exec(['mount', '-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', folder]);
    await spawnTor(run);
    torFib = await Fib.open(run.namespacePath(TOR));
    const routes = [ALWAYS, SECOND].map((prefix) => `route add ${prefix} dev kube-lb0 proto 201`);
    await run.exec(['ip', '-batch', '-'], { namespace: NODE, stdin: routes.join('\n') });
    controller = open();
    controller.update(ONE);
    await untilFile(folder, 'bird.conf', 10_000);
    bird = spawnBird(run, NODE);
    await statusOf(controller, areEstablished('tor'));
    await torFib.until('new', ALWAYS);
  }, 30_000);

  afterAll(async () => {
    await controller?.close();
    await torFib?.[Symbol.asyncDispose]();
    await run?.exec(['umount', '-l', folder]);
    await run?.close();
  }, 30_000);

  it('is told what an agent had written and was killed before it could tell', async () => {
    const before = controller.status();
    await controller.close();
    await putConfiguration(await textOf(BOTH));
    const now = await start(BOTH);
    await torFib.until('new', SECOND);
    expect(isSameSession(now, before)).toBe(true);
  });

  it('goes back by itself where an agent was killed before it could confirm, and the next agent finishes', async () => {
    await controller.close();
    const before = await start(ONE);
    await torFib.until('delete', SECOND);
    await controller.close();
    await putConfiguration(await textOf(BOTH));
    const from = (await bird.log()).length;
    const socket = join(folder, 'bird.ctl');
    expect(await run.exec(['birdc', '-s', socket, 'configure', 'timeout', '1'])).toContain('Reconfigured');
    await torFib.until('new', SECOND);
    await bird.waitForLog(/undo/i, { from });
    await torFib.until('delete', SECOND);
    const now = await start(BOTH);
    await torFib.until('new', SECOND);
    expect(await run.exec(['birdc', '-s', socket, 'configure', 'confirm'])).toContain('Nothing to do');
    expect(isSameSession(now, before)).toBe(true);
  }, 20_000);

  it('keeps its session while its folder cannot be written, and takes what has changed when it can', async () => {
    const before = controller.status();
    await run.exec(['mount', '-o', 'remount,ro', folder]);
    controller.update(ONE);
    const readOnly = await statusOf(controller, hasFailed('(EROFS); mount it writable'));
    expect(readOnly.sessions).toMatchObject([{ name: 'tor', state: 'Established' }]);
    await run.exec(['mount', '-o', 'remount,rw', folder]);
    await torFib.until('delete', SECOND);
    // All is written by then, and nothing is given back to the folder any more.
    await statusOf(controller, ({ configuration, sessions }) => {
      return configuration.type === 'current' && sessions[0]?.exported === 1;
    });

    await run.exec(['sh', '-c', 'cat /dev/zero > ballast 2>/dev/null || true'], { workingDirectory: folder });
    controller.update(BOTH);
    await statusOf(controller, hasFailed('(ENOSPC); free space'));
    expect(await readFile(join(folder, 'bird.conf'), 'utf8')).not.toContain('10.2.0.0/24');
    await rm(join(folder, 'ballast'));
    await torFib.until('new', SECOND);
    expect(isSameSession(await statusOf(controller, areEstablished('tor')), before)).toBe(true);
  }, 20_000);

  it('that is stopped is said not to answer, and found again when it goes on', async () => {
    const before = controller.status();
    bird.pause();
    try {
      const silent = await statusOf(controller, ({ connected }) => !connected);
      expect(silent.configuration).toMatchObject({
        type: 'waiting',
        message: expect.stringContaining('did not answer'),
      });
    } finally {
      bird.resume();
    }
    expect(isSameSession(await statusOf(controller, areEstablished('tor')), before)).toBe(true);
  }, 20_000);

  it('keeps its session where two agents overlap in a roll-out, whichever of them ends', async () => {
    const before = controller.status();
    const former = controller;
    expect(isSameSession(await start(BOTH), before)).toBe(true);
    const successor = controller;
    await former.close();
    successor.update(ONE);
    await torFib.until('delete', SECOND);
    expect(isSameSession(await statusOf(successor, areEstablished('tor')), before)).toBe(true);
    await untilFile(folder, 'bird.conf.last-good', 10_000);
  }, 20_000);

  it('finds its file again in a folder that was emptied, and is found again when it has been restarted', async () => {
    for (const name of ['bird.conf', 'bird.conf.last-good', 'bird.ctl', 'bird.pid']) {
      await rm(join(folder, name), { force: true });
    }
    await untilFile(folder, 'bird.conf', 10_000);
    expect(await statusOf(controller, areEstablished('tor'))).toMatchObject({ connected: true });
    await bird.kill('SIGKILL');
    await statusOf(controller, ({ connected }) => !connected);
    bird.start();
    await statusOf(controller, areEstablished('tor'));
    expect((await stat(join(folder, 'bird.conf'))).mode & 0o777).toBe(0o640);
  }, 20_000);

  it('may see the folder under another path', async () => {
    const elsewhere = join(run.directory, 'elsewhere');
    await mkdir(elsewhere);
    await run.exec(['mount', '--bind', folder, elsewhere]);
    await bird.kill('SIGTERM');
    await statusOf(controller, ({ connected }) => !connected);
    bird = spawnBird(run, NODE, { folder: elsewhere });
    try {
      await statusOf(controller, areEstablished('tor'));
      controller.update(BOTH);
      await torFib.until('new', SECOND);
      expect(await readFile(join(elsewhere, 'bird.conf'), 'utf8')).toContain('10.2.0.0/24');
    } finally {
      await bird.kill('SIGTERM');
      await run.exec(['umount', '-l', elsewhere]);
    }
  }, 20_000);

  it('that sees another folder is said not to, and sends what it has on', async () => {
    const own = join(run.directory, 'own');
    await cp(folder, own, { recursive: true, filter: (name) => !name.endsWith('.ctl') });
    bird = spawnBird(run, NODE, { folder: own });
    await untilFile(own, 'bird.ctl', 10_000);
    // Its socket is in the folder of the agent, and its configuration is not.
    await rm(join(folder, 'bird.ctl'), { force: true });
    await run.exec(['ln', '-s', join(own, 'bird.ctl'), join(folder, 'bird.ctl')]);
    await rm(join(own, 'bird.conf'));
    await statusOf(controller, hasFailed('must share one folder'));
    expect(lines.filter((line) => line.startsWith('error'))).toEqual([]);
  }, 20_000);
});
