import { EVENT_REASONS } from '@fairlead/api';
import type { KubeEvent } from '@fairlead/kube';
import type { StatusWrite } from './audit.ts';
import type { AllocatorCluster, StoredService } from './cluster.ts';
import { addressesOf, conditionOf } from './cluster.ts';
import { FULL, ROOMY, serviceIn, startSeeded } from './seeded.ts';

const SERVED = 10_000;
const WAITING = 10_000;
const EVENTS = '/apis/events.k8s.io/v1/namespaces/default/events';

let cluster: AllocatorCluster;

beforeAll(async () => {
  cluster = await startSeeded({ served: SERVED, waiting: WAITING });
}, 120_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

/** Writes on Services that this test has not made, while the work is done. */
async function writesDuring(work: () => Promise<void>): Promise<readonly StatusWrite[]> {
  const before = (await cluster.audit.writes()).length;
  await work();
  return (await cluster.audit.writes()).slice(before).filter(({ name }) => !name.startsWith('new-'));
}

/**
 * Makes a Service where there is room and waits for its address. The allocator writes in the order in which it learns
 * things: what it had to write because of anything earlier has been written then.
 */
async function serveNew(name: string): Promise<StoredService> {
  const begun = performance.now();
  await cluster.create(name, serviceIn(ROOMY));
  const served = await cluster.until(name, (service) => addressesOf(service).length > 0, { timeoutMs: 30_000 });
  process.stdout.write(`${name} was served after ${Math.round(performance.now() - begun)} ms\n`);
  return served;
}

/** How many events the allocator has written. */
async function eventsTold(): Promise<number> {
  const { items } = await cluster.plane.api.get<{ items: readonly KubeEvent[] }>(EVENTS);
  return items.filter(({ reportingController }) => reportingController === 'fairlead.dev/allocator').length;
}

describe(`${SERVED} Services that have addresses and ${WAITING} that wait for one`, () => {
  it('nothing is written by an allocator that starts, and a new Service is served', async () => {
    const begun = performance.now();
    const allocator = await cluster.allocator();
    const writes = await writesDuring(async () => {
      await serveNew('new-after-start');
      process.stdout.write(`an allocator served ${Math.round(performance.now() - begun)} ms after its start\n`);
    });
    expect(writes.filter(({ resource }) => resource === 'services')).toEqual([]);
    await cluster.untilGroup(ROOMY, ({ status }) => status?.allocatedIPv4 === String(SERVED + 1));
    await allocator.process.kill('SIGTERM');
  }, 60_000);

  it('nothing is written by the next one either, with the status of a group as the one exception', async () => {
    const allocator = await cluster.allocator();
    const writes = await writesDuring(async () => {
      await serveNew('new-after-restart');
    });
    expect(writes.filter(({ resource, name }) => resource === 'services' || name !== ROOMY)).toEqual([]);
    await allocator.process.kill('SIGTERM');
  }, 60_000);

  describe('while an allocator runs', () => {
    beforeAll(async () => {
      await cluster.allocator();
    }, 60_000);

    it('those that wait are not in the way of one that does not have to', async () => {
      await serveNew('new-first'); // so that all is compiled
      const begun = performance.now();
      await serveNew('new-second');
      // Some ms; with each of the others judged, or written, in between it would be seconds.
      expect(performance.now() - begun).toBeLessThan(2_000);
    }, 60_000);

    it('an edit of a group rewrites nobody who waits for it, and no event is told again', async () => {
      const before = await eventsTold();
      const writes = await writesDuring(async () => {
        const assign = { auto: false, priority: 7 };
        await cluster.group(FULL, { pools: [{ range: '192.0.2.1' }], assign });
        await cluster.untilGroup(FULL, ({ metadata, status }) =>
          (status?.conditions ?? []).some(({ observedGeneration }) => observedGeneration === metadata.generation),
        );
        await serveNew('new-after-edit');
      });
      expect(writes.filter(({ resource }) => resource === 'services')).toEqual([]);
      // Those about the new Services of this test, some of which may come late.
      expect((await eventsTold()) - before).toBeLessThanOrEqual(5);
    }, 60_000);

    it('an address that becomes free is given to one of them, and nobody else is written', async () => {
      const writes = await writesDuring(async () => {
        await cluster.delete('full');
        const event = await cluster.plane.api.until<KubeEvent & { metadata: { name: string } }>(
          EVENTS,
          ({ reason, regarding }) =>
            reason === EVENT_REASONS.addressAssigned && regarding?.name?.startsWith('waiting') === true,
        );
        const heir = await cluster.get(event.regarding?.name ?? '');
        expect(addressesOf(heir)).toEqual(['192.0.2.1']);
        expect(conditionOf(heir)?.status).toBe('True');
        await serveNew('new-after-heir');
      });
      expect(writes.filter(({ resource }) => resource === 'services')).toHaveLength(1);
    }, 60_000);
  });
});
