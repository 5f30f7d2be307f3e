import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { GREETING, ScriptedBird } from '../bird/testing.ts';
import { CASES } from '../../testdata/cases.ts';
import { buildRouterView } from '../view/build.ts';
import type { RouterIntent } from '../view/build.ts';
import { RouterController } from './controller.ts';
import type { RouterStatus } from './status.ts';

const SHIPPED = join(import.meta.dirname, '..', '..', '..', '..', 'bird-templates');
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

function intent(name: string): RouterIntent {
  const input = CASES[name];
  if (input === undefined) {
    throw new Error(`no case ${name}`);
  }
  return buildRouterView(input);
}

function until(controller: RouterController, isSo: (status: RouterStatus) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const end = controller.onChange((status) => {
      if (isSo(status)) {
        end();
        resolve();
      }
    });
  });
}

describe('RouterController', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-router-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  it.each(Array.from({ length: 40 }, (_, index) => index * 50))(
    'writes what was asked for last, whatever it is doing when asked (%i turns of the event loop later)',
    async (turns) => {
      // No BIRD here: its check is a program that accepts everything, and nobody listens on the socket.
      const controller = new RouterController({
        directory: folder,
        templateDirectory: SHIPPED,
        birdPath: '/bin/true',
        logger: silent,
      });
      controller.update(intent('one-neighbor'));
      for (let count = 0; count < turns; count += 1) {
        await turn();
      }
      // Router "other" differs in its name alone, which is how the end of its pass shows in the status.
      const last = intent('bfd');
      const renamed = last.type === 'configure' ? { ...last, view: { ...last.view, router: 'other' as never } } : last;
      const done = until(
        controller,
        ({ router, configuration }) => router === 'other' && configuration.type === 'waiting',
      );
      controller.update(renamed);
      await done;
      expect(await readFile(join(folder, 'bird.conf'), 'utf8')).toContain('bfd { interval 100 ms');
      await controller.close();
    },
  );

  it('keeps the daemon that a past life has left at work, where the Router cannot be used at all', async () => {
    await writeFile(join(folder, 'frr.conf'), 'router bgp 64512\n');
    const controller = new RouterController({ directory: folder, templateDirectory: SHIPPED, logger: silent });
    const done = until(controller, ({ daemon, configuration }) => daemon === 'FRR' && configuration.type === 'waiting');
    controller.update({ type: 'keep', problems: [] });
    await done;
    expect(await readFile(join(folder, 'frr.conf'), 'utf8')).toBe('router bgp 64512\n');
    await controller.close();
  });

  it('looks more often while something happens', async () => {
    const looks: number[] = [];
    const { promise: seen, resolve: enough } = Promise.withResolvers<void>();
    await using bird = await ScriptedBird.start(GREETING, (line, socket) => {
      if (line === 'show protocols all') {
        looks.push(performance.now());
        // Every look meets another state.
        const state = looks.length % 2 === 0 ? 'Connect' : 'Active';
        socket.write(`1002-bgp_tor_1 BGP --- start 2026-11-21 11:24:42.571 ${state}\n0000 \n`);
        if (looks.length === 8) {
          enough();
        }
      } else {
        socket.write(line === 'configure confirm' ? '0018 Reconfiguration confirmed\n' : '0003 Reconfigured\n');
      }
    });
    const controller = new RouterController({
      directory: bird.folder,
      templateDirectory: SHIPPED,
      birdPath: '/bin/true',
      logger: silent,
      // Each look at this pace would be a minute from the next.
      pollIntervalMs: 60_000,
    });
    controller.update(intent('one-neighbor'));
    await seen;
    expect((looks.at(-1) ?? 0) - (looks[0] ?? 0)).toBeLessThan(30_000);
    await controller.close();
  });

  it('ends at once while it waits for a BIRD that hangs', async () => {
    const server = createServer();
    server.listen(join(folder, 'bird.ctl'));
    await once(server, 'listening');
    const controller = new RouterController({
      directory: folder,
      templateDirectory: SHIPPED,
      birdPath: '/bin/true',
      logger: silent,
    });
    controller.update(intent('one-neighbor'));
    await once(server, 'connection');
    const start = performance.now();
    await controller.close();
    expect(performance.now() - start).toBeLessThan(1_000);
    server.close();
  });
});
