import { EVENT_REASONS, SERVICE_ANNOTATIONS } from '@fairlead/api';
import type { KubernetesObject } from '../lab/index.ts';
import { AllocatorCluster, addressesOf, conditionOf } from './cluster.ts';
import type { StoredService } from './cluster.ts';

let cluster: AllocatorCluster;

beforeAll(async () => {
  cluster = await AllocatorCluster.start();
  await cluster.allocator({ flags: ['--leader-elect=false'] });
}, 60_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

const named = (group: string) => ({ annotations: { [SERVICE_ANNOTATIONS.serviceGroup]: group } });

/** A range that ends before it begins, which the message of the refusal repeats. */
function range(last: number): string {
  return `203.0.113.200-203.0.113.${last}`;
}

async function editGroup(name: string, spec: object): Promise<void> {
  await cluster.plane.api.patch(`/apis/fairlead.dev/v1/servicegroups/${name}`, { spec });
}

/** How many Event objects have been made and how many changed, since the API server started. */
async function eventWrites(): Promise<readonly [number, number]> {
  return [await cluster.requests('POST', 'events'), await cluster.requests('PATCH', 'events')];
}

it('a stuck Service that is judged 100 times, each time with another sentence, costs one event', async () => {
  await cluster.group('broken', { pools: [{ range: range(1) }], assign: { auto: false } });
  const [posts, patches] = await eventWrites();
  await cluster.create('stuck', named('broken'));
  const first = conditionOf(await cluster.untilRefused('stuck', 'GroupNotReady'))?.message;
  expect((await cluster.untilEvent('stuck', EVENT_REASONS.allocationFailed)).note).toBe(`GroupNotReady: ${first}`);
  for (let edit = 1; edit <= 100; edit += 1) {
    // Every tenth time it is another reason as well.
    await editGroup('broken', { pools: [{ range: range(edit + 1) }], draining: edit % 10 === 0 });
    const words = edit % 10 === 0 ? 'is draining' : range(edit + 1);
    await cluster.until('stuck', (object) => conditionOf(object)?.message.includes(words) === true);
  }
  const [morePosts, morePatches] = await eventWrites();
  expect([morePosts - posts, morePatches - patches]).toEqual([1, 0]);
  expect(await cluster.eventsOf('stuck')).toHaveLength(1);
});

it('a stuck Service that asks for something else, and is refused for another reason, is answered at once', async () => {
  const before = (await cluster.eventsOf('stuck')).length;
  await cluster.patch('stuck', { metadata: named('nowhere') });
  const answer = await cluster.plane.api.until<KubernetesObject & { note: string }>(
    '/apis/events.k8s.io/v1/namespaces/default/events',
    ({ note }) => note.startsWith('GroupNotFound: '),
  );
  expect(answer.note).toContain('nowhere');
  expect(await cluster.eventsOf('stuck')).toHaveLength(before + 1);
});

it('500 stuck Services have their reasons at once and their events by and by', async () => {
  await cluster.group('full', { pools: [{ range: '198.51.100.1' }], assign: { auto: false } });
  await cluster.create('holder', named('full'));
  await cluster.untilAddresses('holder', ['198.51.100.1']);
  const names = Array.from({ length: 500 }, (_, index) => `waits-${index}`);
  const [posts] = await eventWrites();
  const begun = performance.now();
  const told = new Set<string>();
  const sentences = new Set<string>();
  const allTold = cluster.plane.api.until<StoredService>(
    '/api/v1/namespaces/default/services',
    (service) => {
      const condition = conditionOf(service);
      if (service.metadata.name.startsWith('waits-') && condition?.reason === 'PoolExhausted') {
        told.add(service.metadata.name);
        sentences.add(condition.message);
      }
      return told.size === names.length;
    },
    { timeoutMs: 60_000 },
  );
  // Without node ports, of which there are not so many.
  const spec = { allocateLoadBalancerNodePorts: false };
  const lanes = Array.from({ length: 16 }, (_, lane) => names.filter((__, index) => index % 16 === lane));
  await Promise.all(
    lanes.map(async (lane) => {
      for (const name of lane) {
        await cluster.create(name, { ...named('full'), spec });
      }
    }),
  );
  await allTold;
  const [morePosts] = await eventWrites();
  const seconds = (performance.now() - begun) / 1_000;
  console.log(`500 stuck Services told after ${seconds.toFixed(1)} s, with ${morePosts - posts} events until then`);
  expect([...sentences]).toEqual([expect.stringContaining('ServiceGroup full has no free IPv4 address')]);
  // The recorder's bound: 25 at once, 10 a second after that.
  expect(morePosts - posts).toBeLessThanOrEqual(25 + Math.ceil(seconds) * 10);
  await cluster.delete('holder');
  const served = await cluster.plane.api.until<StoredService>(
    '/api/v1/namespaces/default/services',
    (service) => service.metadata.name.startsWith('waits-') && addressesOf(service).length > 0,
  );
  expect(addressesOf(served)).toEqual(['198.51.100.1']);
}, 90_000);
