import type { AllocatorCluster } from '../../allocator/cluster.ts';
import { ROOMY, startSeeded } from '../../allocator/seeded.ts';
import type { Figure } from '../figures.ts';
import { progress } from '../output.ts';
import { memoryOf, processorTimeOf } from '../usage.ts';
import { AddressWatch, createService } from './services.ts';

/** Services are created at this interval, before the start, during it and after it. */
const EVERY_MS = 50;
/** From the first create to the start. */
const BEFORE_MS = 1_000;
/** From the first Service that is served to the last create. */
const AFTER_MS = 5_000;
/** Time for what a start leaves to do, before memory and processor time are read. */
const SETTLE_MS = 20_000;
/** Over this long processor time is counted. */
const IDLE_MS = 40_000;

export interface RestartOptions {
  /** Services that have addresses when the allocator starts. */
  readonly count: number;
  /** The allocator's bundle; default: its sources. */
  readonly program?: string;
  /** Also measure what it takes while nothing happens: a minute more. */
  readonly idle?: boolean;
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** An allocator that starts where many Services have their addresses, while new ones are created all the time. */
export async function measureRestart(options: RestartOptions): Promise<Figure[]> {
  const { count, idle = false, ...program } = options;
  const what = `start with ${count.toLocaleString('en')} Services`;
  progress(`an allocator that starts in a cluster with ${count} Services`);
  await using cluster = await startSeeded({ served: count, ...program });
  await using watch = await AddressWatch.start(cluster);
  const writesBefore = (await cluster.audit.writes()).length;
  const creating = new AbortController();
  const created = createContinuously(cluster, creating.signal);
  await wait(BEFORE_MS);
  const begun = performance.now();
  const { process } = await cluster.allocator({ ...program, wait: false });
  const first = await watch.served('new-0');
  await wait(AFTER_MS);
  creating.abort();
  const answered = await created;
  const served = await Promise.all(answered.map((_, index) => watch.served(`new-${index}`)));
  const waits = served.map((at, index) => at - Math.max(begun, answered[index] ?? at));
  const writes = (await cluster.audit.writes()).slice(writesBefore).filter(({ resource }) => resource === 'services');
  const afterStart = await memoryOf(process.pid);
  const figures: Figure[] = [
    { what: `${what}: process start → a new Service is served`, value: (first - begun) / 1_000, unit: 's', atMost: 3 },
    {
      what: `${what}: the longest that a new one waits, from its creation or the start on`,
      value: Math.max(...waits) / 1_000,
      unit: 's',
      atMost: 3,
    },
    {
      what: `${what}: writes on Services that were there`,
      value: writes.filter(({ name }) => !name.startsWith('new-')).length,
      unit: 'requests',
      atMost: 0,
    },
    {
      what: `${what}: status patches for each new one`,
      value: writes.filter(({ name }) => name.startsWith('new-')).length / answered.length,
      unit: 'requests',
      atMost: 1,
    },
    { what: `${what}: resident memory`, value: afterStart.resident, unit: 'MiB', atMost: 120 },
    { what: `${what}: the most it ever was`, value: afterStart.peak, unit: 'MiB' },
  ];
  return idle ? [...figures, ...(await measureIdle(what, process.pid))] : figures;
}

/** Creates `new-0`, `new-1`, … until told to end. @returns when each was answered, by `performance.now()` */
async function createContinuously(cluster: AllocatorCluster, signal: AbortSignal): Promise<readonly number[]> {
  const answered: number[] = [];
  while (!signal.aborted) {
    const next = wait(EVERY_MS);
    await createService(cluster, `new-${answered.length}`, ROOMY);
    answered.push(performance.now());
    await next;
  }
  return answered;
}

async function measureIdle(what: string, pid: number): Promise<Figure[]> {
  progress(`idle for ${(SETTLE_MS + IDLE_MS) / 1_000} s`);
  await wait(SETTLE_MS);
  const before = await processorTimeOf(pid);
  const began = performance.now();
  await wait(IDLE_MS);
  const share = (await processorTimeOf(pid)) - before;
  const percent = (share * 100_000) / (performance.now() - began);
  const { resident } = await memoryOf(pid);
  return [
    { what: `${what}: processor time while nothing happens`, value: percent, unit: '% of a core', atMost: 0.3 },
    { what: `${what}: resident memory a minute later`, value: resident, unit: 'MiB', atMost: 120 },
  ];
}
