import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { AllocatorCluster } from '../allocator/cluster.ts';
import type { RunningAllocator } from '../allocator/cluster.ts';
import { REPOSITORY } from '../lab/index.ts';
import { blocksOf, consoleSteps } from './page.ts';
import type { Block } from './page.ts';

const PAGE = 'docs/allocation.md';
const run = promisify(execFile);
/** Services and groups: whatever the page looks at. */
const WATCHED = ['/api/v1/services', '/apis/fairlead.dev/v1/servicegroups'];
const PATIENCE_MS = 10_000;

let cluster: AllocatorCluster;
let allocator: RunningAllocator;
let environment: Readonly<Record<string, string>>;

beforeAll(async () => {
  cluster = await AllocatorCluster.start();
  allocator = await cluster.allocator({ flags: ['--leader-elect=false'] });
  environment = await userEnvironment();
}, 60_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

/** A shell's environment in which `kubectl` is the cluster's, with our plugin. */
async function userEnvironment(): Promise<Readonly<Record<string, string>>> {
  const { plane } = cluster;
  const bin = join(plane.run.directory, 'bin');
  await mkdir(bin);
  const plugin = join(bin, 'kubectl-fairlead');
  const program = join(REPOSITORY, 'packages', 'cli', 'src', 'main.ts');
  await writeFile(plugin, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  await chmod(plugin, 0o755);
  const path = [bin, dirname(plane.kubectlPath), process.env['PATH'] ?? ''].join(':');
  return { PATH: path, KUBECONFIG: plane.kubeconfig, HOME: plane.run.directory };
}

/** Columns and lines as they are read: how many spaces there are between two does not matter, nor an age. */
function words(text: string): readonly string[] {
  return text
    .trim()
    .split('\n')
    .map((line) =>
      line
        .trim()
        .replaceAll(/\s+/g, ' ')
        .replace(/ (\d+[dhms])+$/, ' (age)'),
    );
}

async function printed(command: string): Promise<readonly string[]> {
  const { stdout } = await run('sh', ['-c', command], { env: environment });
  return words(stdout);
}

/** Resolves at the first change of what the page looks at, after the version given. */
async function nextChange(resourceVersion: string, signal: AbortSignal): Promise<void> {
  const end = new AbortController();
  const either = AbortSignal.any([signal, end.signal]);
  await Promise.race(
    WATCHED.map(async (path) => {
      for await (const _ of cluster.plane.api.watch(path, { signal: either, resourceVersion })) {
        return;
      }
    }),
  ).finally(() => end.abort());
}

/** Runs what only looks again at each change, until it prints what the page says; everything else once. */
async function expectPrinted(command: string, output: string): Promise<void> {
  const wanted = words(output);
  const looksOnly = /^kubectl (get|fairlead) /.test(command);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  for (;;) {
    const { metadata } = await cluster.plane.api.get<{ metadata: { resourceVersion: string } }>(
      `${WATCHED[0]}?limit=1`,
    );
    const lines = await printed(command);
    const same = JSON.stringify(lines) === JSON.stringify(wanted);
    if (same || !looksOnly || signal.aborted) {
      expect(lines).toEqual(wanted);
      return;
    }
    await nextChange(metadata.resourceVersion, signal).catch(() => undefined);
  }
}

async function follow(block: Block): Promise<void> {
  switch (block.language) {
    case 'yaml':
      await cluster.plane.kubectl(['apply', '--filename=-'], block.text);
      break;
    case 'console':
      for (const { command, output } of consoleSteps(block)) {
        await expectPrinted(command, output);
      }
      break;
    default:
      throw new Error(`${block.file}:${block.line}: nobody knows how to run ${block.language}`);
  }
}

const blocks = await blocksOf(PAGE);

describe(`${PAGE} does what it says, in its order:`, () => {
  it.each([...new Set(blocks.map(({ heading }) => heading))])('%s', async (heading) => {
    const own = blocks.filter((block) => block.heading === heading);
    expect(own).not.toEqual([]);
    for (const block of own) {
      await follow(block);
    }
  });

  it('names metrics that there are', async () => {
    const page = await readFile(join(REPOSITORY, PAGE), 'utf8');
    const told = [...page.matchAll(/`(fairlead_[a-z_]+)`/g)].map(([, name = '']) => name);
    const served = await (await fetch(`${allocator.url}/metrics`)).text();
    const names = new Set([...served.matchAll(/^# TYPE (fairlead_\w+)/gm)].map(([, name]) => name));
    expect(told).not.toEqual([]);
    expect(told.filter((name) => !names.has(name))).toEqual([]);
  });
});
