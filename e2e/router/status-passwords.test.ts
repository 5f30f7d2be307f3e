import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildRouterView, RouterController } from '@fairlead/router';
import type { RouterIntent } from '@fairlead/router';
import { untilFile } from '../lab/fairlead.ts';
import type { LabProcess, Run } from '../lab/index.ts';
import { areEstablished, statusOf } from './status.ts';
import { birdFolder, neighbor, NODE, NODE_FACTS, router, spawnBird, spawnTor, startTopology } from './topology.ts';

const TEMPLATES = join(import.meta.dirname, '..', '..', 'bird-templates');
const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const OURS = 'correct-horse';

function intent(more: { readonly passwordSecret?: string }): RouterIntent {
  return buildRouterView({
    router: router([neighbor({ name: 'tor', ...more })]),
    serviceGroups: [],
    secrets: new Map([['tor', { password: Buffer.from(OURS).toString('base64') }]]),
    node: { ...NODE_FACTS, labels: {} },
  });
}

describe('passwords that differ', () => {
  let run: Run;
  let bird: LabProcess;
  let controller: RouterController;

  beforeAll(async () => {
    run = await startTopology();
    const folder = birdFolder(run, NODE);
    await mkdir(folder);
    const writer = new RouterController({ directory: folder, templateDirectory: TEMPLATES, logger });
    await untilFile(folder, 'bird.conf', 10_000);
    await writer.close();
    bird = spawnBird(run, NODE);
    controller = new RouterController({
      directory: folder,
      templateDirectory: TEMPLATES,
      // BIRD is in a namespace of its own here, and counts there.
      netstatPath: `/proc/${bird.pid}/net/netstat`,
      logger,
    });
    controller.update(intent({ passwordSecret: 'tor' }));
  }, 30_000);

  afterAll(async () => {
    await controller?.close();
    await run?.close();
  }, 30_000);

  it.each([
    ['another one', 'password "battery-staple";', { passwordSecret: 'tor' }, /TCPMD5Failure.*compare the Secret tor/],
    ['none over there', '', { passwordSecret: 'tor' }, /TCPMD5NotFound.*set it there too/],
    ['none here', `password "${OURS}";`, {}, /TCPMD5Unexpected.*write passwordSecret/],
  ])(
    'are named at the session: %s',
    async (_, options, here, words) => {
      controller.update(intent(here));
      const tor = await spawnTor(run, options);
      const status = await statusOf(controller, ({ sessions }) => words.test(sessions[0]?.message ?? ''), 20_000);
      expect(status.sessions[0]?.isUp).toBe(false);
      await tor.kill('SIGKILL');
    },
    30_000,
  );

  it('are named no more when they are the same', async () => {
    controller.update(intent({ passwordSecret: 'tor' }));
    await spawnTor(run, `password "${OURS}";`);
    const status = await statusOf(controller, areEstablished('tor'), 20_000);
    expect(status.sessions[0]?.message).toBe('');
  }, 30_000);
});
