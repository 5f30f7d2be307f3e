import { AllocatorCluster, addressesOf, conditionOf } from './cluster.ts';

let cluster: AllocatorCluster;

beforeAll(async () => {
  cluster = await AllocatorCluster.start();
  await cluster.group('default', { pools: [{ range: '192.0.2.0/24' }] });
  await cluster.allocator({ flags: ['--leader-elect=false'] });
}, 60_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

it('Services that others edit all the time get one address each, and lose nothing that others wrote', async () => {
  const names = Array.from({ length: 40 }, (_, index) => `busy-${index}`);
  const edits = 10;
  await Promise.all(
    names.map(async (name) => {
      await cluster.create(name);
      for (let edit = 1; edit <= edits; edit += 1) {
        await cluster.patch(name, { metadata: { labels: { edit: String(edit) } } });
      }
    }),
  );
  const served = await Promise.all(
    names.map((name) => cluster.until(name, (object) => conditionOf(object)?.status === 'True')),
  );
  expect(new Set(served.flatMap(addressesOf)).size).toBe(names.length);
  const after = await Promise.all(names.map((name) => cluster.get(name)));
  expect(after.every(({ metadata }) => metadata.labels?.['edit'] === String(edits))).toBe(true);
});

it('against a program that wipes the status again and again, writes are bounded and the program is named', async () => {
  await cluster.create('contested');
  await cluster.until('contested', (object) => addressesOf(object).length > 0);
  const wipe = async (): Promise<void> => {
    const path = '/api/v1/namespaces/default/services/contested/status?fieldManager=rival';
    await cluster.plane.api.patch(path, { status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } } });
  };
  for (let round = 0; round < 3; round += 1) {
    await wipe();
    await cluster.until('contested', (object) => addressesOf(object)[0]?.startsWith('192.0.2.') === true);
  }
  await wipe();
  const event = await cluster.plane.api.until<{ metadata: { name: string }; note?: string }>(
    '/apis/events.k8s.io/v1/namespaces/default/events',
    ({ note }) => note?.startsWith('Contested') === true,
  );
  expect(event.note).toContain('"rival"');
  const patches = await cluster.requests('PATCH', 'services', 'status');
  const wipes = 20;
  for (let round = 0; round < wipes; round += 1) {
    await wipe();
  }
  // Another Service is served meanwhile, after all those events have been seen.
  await cluster.create('bystander');
  await cluster.until('bystander', (object) => addressesOf(object).length > 0);
  expect((await cluster.requests('PATCH', 'services', 'status')) - patches - wipes).toBe(1);
});
