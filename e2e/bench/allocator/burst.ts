import { AllocatorCluster } from '../../allocator/cluster.ts';
import type { Figure } from '../figures.ts';
import { progress } from '../output.ts';
import { memoryOf, processorTimeOf } from '../usage.ts';
import type { MemoryUsage } from '../usage.ts';
import { AddressWatch, createService, forEach, SERVICES } from './services.ts';

/** What happened while Services were created as fast as the API server takes them. */
interface Burst {
  /** Until the last one had its address. */
  readonly seconds: number;
  /** Of the processes meanwhile, in seconds. */
  readonly processorTime: { readonly apiServer: number; readonly etcd: number };
}

interface AllocatorBurst extends Burst {
  readonly patches: number;
  readonly allocatorTime: number;
  readonly memory: MemoryUsage;
}

export interface BurstOptions {
  readonly count: number;
  /** How often; the order alternates, and the best of each counts. */
  readonly rounds: number;
  /** The bound, as a multiple of the time that it takes without an allocator. */
  readonly within: number;
  /** The allocator's bundle; default: its sources. */
  readonly program?: string;
}

/** Creates so many Services and waits until all have addresses; `serve` gives each its address, unless an allocator does. */
async function burst(
  cluster: AllocatorCluster,
  count: number,
  serve: (name: string, index: number) => Promise<void>,
): Promise<Burst> {
  const { apiServer, etcd } = cluster.plane;
  await using watch = await AddressWatch.start(cluster);
  const before = await Promise.all([processorTimeOf(apiServer.pid), processorTimeOf(etcd.pid)]);
  const begun = performance.now();
  const served = await Promise.all([
    forEach(count, async (index) => {
      const name = `burst-${index}`;
      await createService(cluster, name);
      await serve(name, index);
    }),
    ...Array.from({ length: count }, (_, index) => watch.served(`burst-${index}`)),
  ]);
  const end = served.reduce<number>((latest, at) => Math.max(latest, at ?? 0), 0);
  const [a, b] = await Promise.all([processorTimeOf(apiServer.pid), processorTimeOf(etcd.pid)]);
  return {
    seconds: (end - begun) / 1_000,
    processorTime: { apiServer: a - before[0], etcd: b - before[1] },
  };
}

/** The same without an allocator: this client patches the status of each Service that it has made. */
async function floorBurst(count: number): Promise<Burst> {
  progress(`${count} Services without an allocator`);
  await using cluster = await AllocatorCluster.start();
  return await burst(cluster, count, async (name, index) => {
    const ingress = [{ ip: `10.9.${index >> 8}.${index & 255}`, ipMode: 'VIP' }];
    await cluster.plane.api.patch(`${SERVICES}/${name}/status`, { status: { loadBalancer: { ingress } } }, 'strategic');
  });
}

async function allocatorBurst(count: number, program: { readonly program?: string }): Promise<AllocatorBurst> {
  progress(`${count} Services with an allocator`);
  await using cluster = await AllocatorCluster.start();
  await cluster.group('default', { pools: [{ range: '10.8.0.0/16' }] });
  const { process } = await cluster.allocator(program);
  const [patches, time] = await Promise.all([
    cluster.requests('PATCH', 'services', 'status'),
    processorTimeOf(process.pid),
  ]);
  const outcome = await burst(cluster, count, async () => {});
  return {
    ...outcome,
    patches: (await cluster.requests('PATCH', 'services', 'status')) - patches,
    allocatorTime: (await processorTimeOf(process.pid)) - time,
    memory: await memoryOf(process.pid),
  };
}

/**
 * A burst of Services beside the same burst without an allocator, each in a cluster of its own, as the API server gets
 * slower with each Service that there is.
 */
export async function measureBurst(options: BurstOptions): Promise<Figure[]> {
  const { count, rounds, within, ...program } = options;
  const what = `${count.toLocaleString('en')} Services at once`;
  const floors: Burst[] = [];
  const bursts: AllocatorBurst[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const steps = [
      async () => floors.push(await floorBurst(count)),
      async () => bursts.push(await allocatorBurst(count, program)),
    ];
    for (const step of round % 2 === 0 ? steps : steps.reverse()) {
      await step();
    }
  }
  const floor = best(floors);
  const ours = best(bursts);
  const each = (seconds: number): number => (seconds * 1_000) / count;
  return [
    {
      what: `${what}: all have addresses`,
      value: ours.seconds,
      unit: 's',
      floor: { what: 'create and one status patch each', value: floor.seconds },
      atMost: within * floor.seconds,
    },
    { what: `${what}: status patches a Service`, value: ours.patches / count, unit: 'requests', atMost: 1.01 },
    { what: `${what}: processor time of the allocator for each`, value: each(ours.allocatorTime), unit: 'ms' },
    {
      what: `${what}: processor time of API server and etcd for each`,
      value: each(ours.processorTime.apiServer + ours.processorTime.etcd),
      unit: 'ms',
      floor: {
        what: 'create and one status patch each',
        value: each(floor.processorTime.apiServer + floor.processorTime.etcd),
      },
    },
    {
      what: `${what}: resident memory of the allocator afterwards`,
      value: ours.memory.resident,
      unit: 'MiB',
      atMost: 120,
    },
    { what: `${what}: the most it ever was`, value: ours.memory.peak, unit: 'MiB' },
  ];
}

function best<B extends Burst>(bursts: readonly B[]): B {
  return bursts.reduce((a, b) => (b.seconds < a.seconds ? b : a));
}
