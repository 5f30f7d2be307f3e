import { AllocatorCluster } from '../../allocator/cluster.ts';
import { ROOMY, startSeeded } from '../../allocator/seeded.ts';
import { quantile } from '../figures.ts';
import type { Figure } from '../figures.ts';
import { progress } from '../output.ts';
import { AddressWatch, createService, deleteServices } from './services.ts';

const SINGLES = 200;
/** Before these everything has been compiled and connected. */
const WARM_UP = 20;

export interface SingleOptions {
  /** The allocator's bundle; default: its sources. */
  readonly program?: string;
}

/** Milliseconds of each Service. */
interface Singles {
  /** Its create. */
  readonly create: readonly number[];
  /** From the answer to that until a watch shows the address. */
  readonly status: readonly number[];
}

/** One Service after the other. */
async function oneByOne(cluster: AllocatorCluster, count: number): Promise<Singles> {
  await using watch = await AddressWatch.start(cluster);
  const names = Array.from({ length: count }, (_, index) => `single-${index}`);
  const create: number[] = [];
  const status: number[] = [];
  for (const name of names) {
    const begun = performance.now();
    await createService(cluster, name, ROOMY);
    const created = performance.now();
    create.push(created - begun);
    status.push(Math.max(0, (await watch.served(name)) - created));
  }
  await deleteServices(cluster, names);
  return { create, status };
}

/** How long one Service waits in a quiet cluster. */
export async function measureSingle(options: SingleOptions): Promise<Figure[]> {
  progress('one Service after the other');
  await using cluster = await AllocatorCluster.start();
  await cluster.group(ROOMY, { pools: [{ range: '10.8.0.0/16' }] });
  await cluster.allocator(options);
  await oneByOne(cluster, WARM_UP);
  const { create, status } = await oneByOne(cluster, SINGLES);
  return [
    {
      what: 'one Service: created → address in status, p50',
      value: quantile(status, 0.5),
      unit: 'ms',
      floor: { what: 'the create itself', value: quantile(create, 0.5) },
      atMost: 6,
    },
    { what: 'one Service: created → address in status, p99', value: quantile(status, 0.99), unit: 'ms' },
  ];
}

/**
 * How long one Service with a free pool waits while many others wait for another pool, beside the same where these have
 * addresses: the API server has the same to do.
 */
export async function measureBesideWaiting(options: SingleOptions & { readonly count: number }): Promise<Figure[]> {
  const { count, ...program } = options;
  const medians: number[] = [];
  for (const sizes of [
    { served: count, waiting: 1 },
    { served: 1, waiting: count },
  ]) {
    progress(`one Service after the other beside ${sizes.served} that have addresses and ${sizes.waiting} that wait`);
    await using cluster = await startSeeded({ ...sizes, ...program });
    await cluster.allocator(program);
    await oneByOne(cluster, WARM_UP);
    medians.push(quantile((await oneByOne(cluster, SINGLES)).status, 0.5));
  }
  const [served = 0, waiting = 0] = medians;
  return [
    {
      what: `one Service beside ${count.toLocaleString('en')} that wait for another pool: created → address in status, p50`,
      value: waiting,
      unit: 'ms',
      floor: { what: 'beside as many that have addresses', value: served },
      atMost: 1.5 * served,
    },
  ];
}
