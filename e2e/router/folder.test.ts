import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildRouterView, RouterController } from '@fairlead/router';
import type { Logger } from '@fairlead/router';
import { Run } from '../lab/index.ts';
import { statusOf } from './status.ts';
import { group, neighbor, NODE_FACTS, router } from './topology.ts';

const TEMPLATES = join(import.meta.dirname, '..', '..', 'bird-templates');

describe('a router folder that cannot be written', () => {
  let run: Run;
  let folder: string;
  let controller: RouterController | undefined;
  let warnings: string[];
  const intent = buildRouterView({
    router: router([neighbor({ name: 'tor-1' })]),
    serviceGroups: [group('virtual', ['10.1.0.0/24'])],
    secrets: new Map(),
    node: NODE_FACTS,
  });
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (message) => warnings.push(message),
    error: (message) => warnings.push(message),
  };
  const open = (): RouterController => {
    warnings = [];
    controller = new RouterController({ directory: folder, templateDirectory: TEMPLATES, logger });
    return controller;
  };

  beforeAll(async () => {
    run = await Run.start();
    folder = join(run.directory, 'router');
    await mkdir(folder);
    await run.exec(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
  });

  afterEach(() => controller?.close());

  afterAll(async () => {
    await run.exec(['umount', folder]);
    await run.close();
  });

  it('is used again once it is writable, and said once to be read-only', async () => {
    await run.exec(['mount', '-o', 'remount,ro', folder]);
    const opened = open();
    opened.update(intent);
    const failed = await statusOf(opened, ({ configuration }) => configuration.type === 'failed');
    expect(failed.configuration).toMatchObject({ message: expect.stringContaining('(EROFS); mount it writable') });
    await run.exec(['mount', '-o', 'remount,rw', folder]);
    await statusOf(opened, ({ configuration }) => configuration.type === 'waiting');
    expect(await readFile(join(folder, 'bird.conf'), 'utf8')).toContain('protocol bgp bgp_tor_1');
    expect(warnings.filter((line) => line.includes('EROFS'))).toHaveLength(1);
  });

  it('is used again once it has space, and the old configuration is whole until then', async () => {
    await writeFile(join(folder, 'bird.conf'), 'router id 192.0.2.1;\n');
    await run.exec(['sh', '-c', 'cat /dev/zero > ballast 2>/dev/null || true'], { workingDirectory: folder });
    const opened = open();
    opened.update(intent);
    const failed = await statusOf(opened, ({ configuration }) => configuration.type === 'failed');
    expect(failed.configuration).toMatchObject({ message: expect.stringContaining('(ENOSPC); free space') });
    expect(await readFile(join(folder, 'bird.conf'), 'utf8')).toBe('router id 192.0.2.1;\n');
    await run.exec(['rm', 'ballast'], { workingDirectory: folder });
    await statusOf(opened, ({ configuration }) => configuration.type === 'waiting');
    expect(await readFile(join(folder, 'bird.conf'), 'utf8')).toContain('protocol bgp bgp_tor_1');
  });

  it('shows its configuration to its group and nobody else, as there may be passwords in it', async () => {
    expect((await stat(join(folder, 'bird.conf'))).mode & 0o777).toBe(0o640);
  });

  it('is no concern of a node without a Router', async () => {
    await run.exec(['mount', '-o', 'remount,ro', folder]);
    const opened = open();
    opened.update({ type: 'idle', problems: [] });
    const status = await statusOf(opened, ({ configuration }) => configuration.type !== 'unknown');
    expect(status).toMatchObject({ daemon: 'None', configuration: { type: 'current' } });
    expect(warnings).toEqual([]);
  });
});
