import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildRouterView, RouterController } from '@fairlead/router';
import type { RouterIntent } from '@fairlead/router';
import { untilFile } from '../lab/fairlead.ts';
import { Frr } from '../lab/index.ts';
import type { Run } from '../lab/index.ts';
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
const PREFIX = '10.1.0.1/32';

function intent(daemon: 'BIRD' | 'FRR' | 'None'): RouterIntent {
  return buildRouterView({
    router: router([neighbor({ name: 'tor' })], { daemon }),
    serviceGroups: [group('virtual', ['10.1.0.0/24'])],
    secrets: new Map(),
    node: NODE_FACTS,
  });
}

describe('another routing daemon for a node', () => {
  let run: Run;
  let folder: string;
  let torFib: Fib;
  let controller: RouterController;
  const warnings: string[] = [];

  beforeAll(async () => {
    run = await startTopology();
    folder = birdFolder(run, NODE);
    await mkdir(folder);
    await spawnTor(run);
    torFib = await Fib.open(run.namespacePath(TOR));
    const route = ['ip', 'route', 'add', PREFIX, 'dev', 'kube-lb0', 'proto', '201', 'metric', '2000000000'];
    await run.exec(route, { namespace: NODE });
    controller = new RouterController({
      directory: folder,
      templateDirectory: TEMPLATES,
      logger: {
        debug: () => undefined,
        info: () => undefined,
        warn: (message) => warnings.push(message),
        error: (message) => warnings.push(`error ${message}`),
      },
    });
    controller.update(intent('BIRD'));
    await untilFile(folder, 'bird.conf', 10_000);
    spawnBird(run, NODE);
    await statusOf(controller, areEstablished('tor'));
    await torFib.until('new', PREFIX);
  }, 30_000);

  afterAll(async () => {
    await controller?.close();
    await torFib?.[Symbol.asyncDispose]();
    await run?.close();
  }, 30_000);

  it('takes nothing from the one that runs before the other is there', async () => {
    controller.update(intent('FRR'));
    const status = await statusOf(controller, ({ daemon }) => daemon === 'FRR');
    expect(status).toMatchObject({ configuration: { type: 'waiting' }, connected: false });
    expect(await torFib.prefixes()).toContain(PREFIX);
    expect(await readFile(join(folder, 'bird.conf'), 'utf8')).toContain('protocol bgp bgp_tor');
  }, 20_000);

  it('announces when it is there, and the former one nothing', async () => {
    await Frr.launch(run, {
      name: 'node',
      namespace: NODE,
      directory: folder,
      configurations: { zebra: '', bgpd: '' },
    });
    const status = await statusOf(controller, areEstablished('tor'), 30_000);
    expect(status).toMatchObject({ daemon: 'FRR', connected: true });
    await torFib.until('new', PREFIX, 30_000);
    expect(await readFile(join(folder, 'bird.conf'), 'utf8')).toContain('speaks to nobody');
    const protocols = await run.exec(['birdc', '-s', join(folder, 'bird.ctl'), 'show', 'protocols']);
    expect(protocols).not.toContain('BGP');
  }, 60_000);

  it('may be none: nobody announces then', async () => {
    controller.update(intent('None'));
    await torFib.until('delete', PREFIX);
    await statusOf(controller, ({ daemon, configuration }) => daemon === 'None' && configuration.type === 'current');
    expect(await readFile(join(folder, 'bird.conf'), 'utf8')).toContain('speaks to nobody');
  }, 20_000);

  it('may be the former one again', async () => {
    controller.update(intent('BIRD'));
    const status = await statusOf(controller, areEstablished('tor'), 30_000);
    expect(status.daemon).toBe('BIRD');
    await torFib.until('new', PREFIX, 30_000);
    expect(warnings.filter((line) => line.startsWith('error'))).toEqual([]);
  }, 60_000);
});
