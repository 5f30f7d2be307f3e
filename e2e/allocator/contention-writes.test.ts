import { ALLOCATOR_ANNOTATIONS, SERVICE_ANNOTATIONS } from '@fairlead/api';
import { AllocatorCluster, addressesOf, conditionOf, DUAL, metricOf } from './cluster.ts';
import type { RunningAllocator, StoredService } from './cluster.ts';

const IDENTITY = 'writer';
const HOLD = 'example.com/hold';

let cluster: AllocatorCluster;
let allocator: RunningAllocator;

beforeAll(async () => {
  cluster = await AllocatorCluster.start({ audit: true });
  await cluster.group('default', { pools: [{ range: '192.0.2.0/24' }, { range: '2001:db8::/64' }] });
  await cluster.group('one', { pools: [{ range: '198.51.100.1' }], assign: { auto: false } });
  allocator = await cluster.allocator({ identity: IDENTITY, flags: ['--leader-elect=false'] });
}, 60_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

/** Writes of the allocator on one Service so far. */
async function writesOf(name: string): Promise<number> {
  return (await cluster.audit.writes(IDENTITY)).filter((write) => write.name === name).length;
}

/** A Service that is made later has its address: what came before has been seen, and what follows from it was sent first. */
async function untilSeen(name: string): Promise<void> {
  await cluster.create(name);
  await cluster.until(name, isServed);
}

function isServed(service: StoredService): boolean {
  return conditionOf(service)?.status === 'True' && addressesOf(service).length === service.spec?.ipFamilies?.length;
}

describe('a Service is written once', () => {
  it.each([
    ['one family', {}],
    ['both families', DUAL],
  ])('when it is made (%s)', async (what, spec) => {
    const name = what.replaceAll(' ', '-');
    await cluster.create(name, { spec });
    await cluster.until(name, isServed);
    await untilSeen(`after-${name}`);
    expect(await writesOf(name)).toBe(1);
  });

  it.each([
    ['its type changes', { spec: { type: 'ClusterIP', loadBalancerClass: null } }, isCleared],
    [
      'a family is added',
      { spec: DUAL },
      (service: StoredService) => isServed(service) && addressesOf(service).length === 2,
    ],
    [
      'it is moved',
      { metadata: { annotations: { [SERVICE_ANNOTATIONS.reallocate]: 'true' } } },
      ({ metadata }: StoredService) => metadata.annotations?.[SERVICE_ANNOTATIONS.reallocate] === undefined,
    ],
    [
      'it asks for another group',
      { metadata: { annotations: { [SERVICE_ANNOTATIONS.serviceGroup]: 'one' } } },
      (service: StoredService) => addressesOf(service)[0] === '198.51.100.1',
    ],
  ])('when %s', async (what, patch, isDone) => {
    const name = what.replaceAll(' ', '-');
    await cluster.create(name);
    await cluster.until(name, isServed);
    await cluster.patch(name, patch);
    await cluster.until(name, isDone);
    await untilSeen(`after-${name}`);
    expect(await writesOf(name)).toBe(2);
  });

  it('when it is deleted and held by the finalizer of somebody else, and never again, whatever that one does', async () => {
    await cluster.create('held', { finalizers: [HOLD] });
    await cluster.until('held', isServed);
    await cluster.delete('held');
    await cluster.until('held', isCleared);
    await cluster.patch('held', { metadata: { labels: { still: 'here' } } });
    await untilSeen('after-held');
    expect(await writesOf('held')).toBe(2);
    await cluster.patch('held', { metadata: { finalizers: null } });
  });

  it('when it is refused, and not again while nothing changes for it', async () => {
    const asked = { annotations: { [SERVICE_ANNOTATIONS.addresses]: '203.0.113.1' } };
    await cluster.create('refused', asked);
    await cluster.untilRefused('refused', 'AddressNotInAnyGroup');
    await cluster.patch('refused', { metadata: { labels: { any: 'thing' } } });
    await untilSeen('after-refused');
    expect(await writesOf('refused')).toBe(1);
  });

  it('when it waited behind one whose address it gets, after that one has been cleared', async () => {
    const one = { annotations: { [SERVICE_ANNOTATIONS.addresses]: '192.0.2.77' }, finalizers: [HOLD] };
    await cluster.create('leaves', one);
    await cluster.until('leaves', isServed);
    await cluster.create('waits', { annotations: one.annotations });
    await cluster.untilRefused('waits', 'AddressInUse');
    await cluster.delete('leaves');
    await cluster.until('waits', isServed);
    const left = await cluster.get('leaves');
    expect(addressesOf(left)).toEqual([]);
    const writes = (await cluster.audit.writes(IDENTITY)).filter(({ name }) => ['leaves', 'waits'].includes(name));
    expect(writes.map(({ name }) => name)).toEqual(['leaves', 'waits', 'leaves', 'waits']);
    await cluster.patch('leaves', { metadata: { finalizers: null } });
  });
});

it('a burst costs a ServiceGroup two writes a second and one at the end', async () => {
  const ofGroups = async (): Promise<number> =>
    (await cluster.audit.writes(IDENTITY)).filter(({ resource }) => resource === 'servicegroups').length;
  const before = await ofGroups();
  const begun = performance.now();
  const names = Array.from({ length: 150 }, (_, index) => `burst-${index}`);
  await Promise.all(names.map((name) => cluster.create(name)));
  await Promise.all(names.map((name) => cluster.until(name, isServed)));
  const used = await metricOf(allocator, 'fairlead_allocator_addresses');
  await cluster.untilGroup(
    'default',
    ({ status }) => Number(status?.allocatedIPv4) + Number(status?.allocatedIPv6) + 1 === used,
  );
  const seconds = (performance.now() - begun) / 1_000;
  expect((await ofGroups()) - before).toBeLessThanOrEqual(2 * seconds + 1);
});

it('what was done is counted', async () => {
  const metrics = await (await fetch(`${allocator.url}/metrics`)).text();
  const value = (line: string): number =>
    Number(
      metrics
        .split('\n')
        .find((text) => text.startsWith(`${line} `))
        ?.slice(line.length),
    );
  const services = await cluster.plane.api.get<{ items: StoredService[] }>('/api/v1/namespaces/default/services');
  const served = services.items.filter((service) => addressesOf(service).length > 0).length;
  expect(value('fairlead_allocator_leader')).toBe(1);
  expect(value('fairlead_allocator_allocations_total')).toBeGreaterThanOrEqual(served);
  expect(value('fairlead_allocator_refusals_total{token="AddressNotInAnyGroup"}')).toBe(1);
  expect(value('fairlead_allocator_refusals_total{token="AddressInUse"}')).toBe(1);
  expect(value('fairlead_allocator_restores_total')).toBe(0);
  expect(value('fairlead_allocator_contested_services')).toBe(0);
  const patches = (await cluster.audit.writes(IDENTITY)).filter(
    ({ resource, code }) => resource === 'services' && code === 200,
  );
  expect(value('fairlead_allocator_patch_seconds_count{outcome="ok"}')).toBe(patches.length);
  // Every Service that ever had an address, each once: all but the refused one.
  const first = new Set(patches.map(({ name }) => name)).size - 1;
  expect(value('fairlead_allocator_time_to_address_seconds_count')).toBe(first);
});

function isCleared(service: StoredService): boolean {
  const { annotations = {} } = service.metadata;
  return (
    conditionOf(service) === undefined &&
    addressesOf(service).length === 0 &&
    annotations[ALLOCATOR_ANNOTATIONS.allocatedFrom] === undefined
  );
}
