/**
 * Allocation: the engine alone, and the allocator against a real API server, beside what the API server takes without it.
 * `--json FILE` writes the figures; `--large` adds a burst of 10,000 Services, which takes some minutes.
 */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AllocatorCluster } from '../../allocator/cluster.ts';
import { REPOSITORY } from '../../lab/index.ts';
import type { Figure } from '../figures.ts';
import { figureRows, formatTable, quantile } from '../figures.ts';
import { measureEngine } from './engine.ts';
import { burst, floorOfBurst, oneByOne, removeAll } from './service-burst.ts';

const SINGLES = 200;

async function residentMebibytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1_024;
}

async function measureBurst(cluster: AllocatorCluster, count: number, start: () => Promise<number>): Promise<Figure[]> {
  const what = count.toLocaleString('en');
  const floor = await floorOfBurst(cluster, count);
  const pid = await start();
  const patches = await cluster.requests('PATCH', 'services', 'status');
  const took = await burst(cluster, count);
  const written = (await cluster.requests('PATCH', 'services', 'status')) - patches;
  const figures: Figure[] = [
    {
      what: `${what} Services at once: all have addresses`,
      value: took / 1_000,
      unit: 's',
      floor: { what: 'create and one status patch each', value: floor / 1_000 },
      atMost: (1.5 * floor) / 1_000,
    },
    {
      what: `${what} Services at once: status patches a Service`,
      value: written / count,
      unit: 'requests',
      atMost: 1.01,
    },
    { what: `allocator with ${what} Services: RSS`, value: await residentMebibytes(pid), unit: 'MiB', atMost: 120 },
  ];
  await removeAll(cluster.plane.api, 'burst-', count);
  return figures;
}

async function measureCluster(large: boolean): Promise<Figure[]> {
  await using cluster = await AllocatorCluster.start();
  await cluster.group('default', { pools: [{ range: '10.8.0.0/16' }] });
  const bundle = join(REPOSITORY, 'dist', 'allocator.mjs');
  const program = existsSync(bundle) ? { program: bundle } : {};
  let pid: number | undefined;
  const start = async (): Promise<number> => {
    pid ??= (await cluster.allocator({ ...program, flags: ['--leader-elect=false'] })).process.pid;
    return pid;
  };
  const figures = await measureBurst(cluster, 1_000, start);
  await oneByOne(cluster, 20); // so that everything has been compiled and connected
  const { create, status } = await oneByOne(cluster, SINGLES);
  figures.push(
    {
      what: 'one Service: created → address in status, p50',
      value: quantile(status, 0.5),
      unit: 'ms',
      floor: { what: 'the create itself', value: quantile(create, 0.5) },
      atMost: 6,
    },
    { what: 'one Service: created → address in status, p99', value: quantile(status, 0.99), unit: 'ms' },
  );
  return large ? [...figures, ...(await measureLarge(program))] : figures;
}

/** In a cluster of its own: the API server's creation grows with what there is. */
async function measureLarge(program: { readonly program?: string }): Promise<Figure[]> {
  await using cluster = await AllocatorCluster.start();
  await cluster.group('default', { pools: [{ range: '10.8.0.0/16' }] });
  return await measureBurst(cluster, 10_000, async () => {
    const { process } = await cluster.allocator({ ...program, flags: ['--leader-elect=false'] });
    return process.pid;
  });
}

const { values } = parseArgs({ options: { json: { type: 'string' }, large: { type: 'boolean', default: false } } });
const figures = [...measureEngine(), ...(await measureCluster(values.large))];
process.stdout.write(`${formatTable(figureRows(figures))}\n`);
if (values.json !== undefined) {
  await writeFile(values.json, JSON.stringify(figures));
}
