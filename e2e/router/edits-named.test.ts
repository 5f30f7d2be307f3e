import { readFileSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildRouterView, RouterController, routerVerdict } from '@fairlead/router';
import type { Logger, RouterStatus, RouterViewInput } from '@fairlead/router';
import type { LabProcess, Run } from '../lab/index.ts';
import { isUnbroken, protocolsOf } from './raw-bird.ts';
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
} from './topology.ts';

const SHIPPED = join(import.meta.dirname, '..', '..', 'bird-templates');
const TOR = neighbor({ name: 'tor-1' });
const WITH_BFD = { ...TOR, bfd: { interval: '100ms', multiplier: 3 } };
const GROUPS = [group('virtual', ['10.1.0.0/24'], { communities: ['64512:100'] })];

describe('a change of a Router, a group or a template', () => {
  let run: Run;
  let bird: LabProcess;
  let templates: string;
  let controller: RouterController;
  let applied: (() => void) | undefined;
  /** What the agent said, each with what BIRD had logged by then. */
  const said: { readonly message: string; readonly log: string }[] = [];
  const say = (message: string): void => {
    // Read at once: what happened before this sentence, and nothing that came after it.
    said.push({ message, log: bird === undefined ? '' : readFileSync(bird.logFile, 'utf8') });
  };
  const logger: Logger = { debug: () => undefined, info: say, warn: say, error: say };

  const open = (): RouterController =>
    new RouterController({
      directory: birdFolder(run, NODE),
      templateDirectory: templates,
      logger,
      observer: { applied: () => applied?.() },
    });

  /** Brings a change to BIRD, and returns how that changed the session. */
  async function apply(change: () => unknown): Promise<{ readonly unbroken: boolean; readonly status: RouterStatus }> {
    await statusOf(controller, areEstablished('tor-1'));
    const before = (await protocolsOf(run, NODE)).get('bgp_tor_1');
    const done = new Promise<void>((resolve) => {
      applied = resolve;
    });
    await change();
    await done;
    const after = (await protocolsOf(run, NODE)).get('bgp_tor_1');
    return { unbroken: isUnbroken(before, after), status: controller.status() };
  }

  function update(more: Partial<RouterViewInput> = {}): void {
    const known = { router: router([TOR]), serviceGroups: GROUPS, secrets: new Map(), node: NODE_FACTS };
    controller.update(buildRouterView({ ...known, ...more }));
  }

  async function edit(file: string, from: string, to: string): Promise<void> {
    const path = join(templates, file);
    const text = await readFile(path, 'utf8');
    expect(text).toContain(from);
    await writeFile(path, text.replace(from, to));
  }

  beforeAll(async () => {
    run = await startTopology();
    templates = join(run.directory, 'templates');
    await cp(SHIPPED, templates, { recursive: true });
    await spawnTor(run);
    await mkdir(birdFolder(run, NODE));
    controller = open();
    update();
    await statusOf(controller, ({ configuration }) => configuration.type === 'waiting');
    bird = spawnBird(run, NODE);
  }, 40_000);

  afterAll(async () => {
    await controller?.close();
    await run?.close();
  }, 20_000);

  it.each<[string, () => unknown]>([
    ['a neighbor more', () => update({ router: router([TOR, neighbor({ name: 'tor-2', address: '192.0.2.253' })]) })],
    ['that neighbor less', () => update()],
    [
      'another community',
      () => update({ serviceGroups: [group('virtual', ['10.1.0.0/24'], { communities: ['64512:7'] })] }),
    ],
    ['another prefix', () => update({ serviceGroups: [group('virtual', ['10.2.0.0/24'])] })],
    ['BFD', () => update({ router: router([WITH_BFD]) })],
    ['a comment in a template', () => edit('bgp.hbs', 'hold time', '# seconds\n\thold time')],
    [
      'another filter',
      () => edit('filters.hbs', 'if !is_ours() then reject;', 'if !is_ours() || net.len < 8 then reject;'),
    ],
  ])('that needs none resets nothing: %s', async (_, change) => {
    const { unbroken, status } = await apply(change);
    expect(unbroken).toBe(true);
    expect(status.sessions.find(({ name }) => name === 'tor-1')?.isUp).toBe(true);
    // What is named is the neighbor that was taken out, never the one that stays.
    expect(said.filter(({ message }) => message.includes('tor-1'))).toEqual([]);
  });

  it.each<[string, () => unknown, string]>([
    [
      'hold time',
      () => update({ router: router([{ ...WITH_BFD, holdTime: '30s' }]) }),
      'restarts tor-1 (hold time, keepalive time)',
    ],
    [
      'passive mode',
      () => update({ router: router([{ ...WITH_BFD, holdTime: '30s', passive: true }]) }),
      'restarts tor-1 (passive)',
    ],
    [
      'a statement of a template',
      () => edit('bgp.hbs', 'error wait time 1, 10', 'error wait time 1, 9'),
      'restarts tor-1 (error wait time)',
    ],
  ])(
    'is named before BIRD is told: %s',
    async (_, change, sentence) => {
      const from = (await bird.log()).length;
      const { unbroken, status } = await apply(change);
      expect(unbroken).toBe(false);
      const named = said.find(({ message }) => message === `the new configuration ${sentence}`);
      expect(named?.log.slice(from)).not.toContain('Reconfigur');
      expect((await bird.log()).slice(from)).toContain('Reconfigur');
      expect(status.lastReset?.sentence).toBe(sentence);
      expect(routerVerdict(await statusOf(controller, areEstablished('tor-1'))).message).toContain(sentence);
    },
    20_000,
  );

  it('is named when an agent is new and BIRD is not', async () => {
    await controller.close();
    await edit('bgp.hbs', 'connect retry time 5', 'connect retry time 4');
    controller = open();
    const done = new Promise<void>((resolve) => {
      applied = resolve;
    });
    update({ router: router([{ ...WITH_BFD, holdTime: '30s', passive: true }]) });
    await done;
    expect(controller.status().lastReset?.sentence).toBe('restarts tor-1 (connect retry time)');
  });

  it('is not named for a BIRD that starts with it', async () => {
    await controller.close();
    await bird.kill('SIGKILL');
    await edit('bgp.hbs', 'connect retry time 4', 'connect retry time 3');
    controller = open();
    update({ router: router([{ ...WITH_BFD, holdTime: '30s' }]) });
    await statusOf(controller, ({ configuration }) => configuration.type === 'waiting');
    bird.start();
    await statusOf(controller, areEstablished('tor-1'));
    expect(controller.status().lastReset).toBeUndefined();
  }, 20_000);
});
