import { setTimeout as delay } from 'node:timers/promises';
import { ALLOCATOR_ANNOTATIONS } from '@fairlead/api';
import { AllocatorCluster, addressesOf, conditionOf, metricOf } from './cluster.ts';
import type { RunningAllocator } from './cluster.ts';

const IDENTITY = 'defender';
/** The write that gives the address, three restores, and one that says `Contested`; then none for a minute. */
const MOST_WRITES = 5;
const SERVICES = '/api/v1/namespaces/default/services';

let cluster: AllocatorCluster;
let allocator: RunningAllocator;

beforeAll(async () => {
  cluster = await AllocatorCluster.start({ audit: true });
  await cluster.group('default', { pools: [{ range: '192.0.2.0/24' }] });
  allocator = await cluster.allocator({ identity: IDENTITY, flags: ['--leader-elect=false'] });
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

describe('a program that rewrites the status every 10 ms', () => {
  it.each([
    // No two writes in a row are equal, so that each makes a new version.
    ['another address', 10_000, (turn: number) => ({ loadBalancer: { ingress: [{ ip: `203.0.113.${turn % 2}` }] } })],
    ['all of it', 2_000, (turn: number) => ({ ...foreign(turn), loadBalancer: null })],
    ['our condition alone', 2_000, foreign],
  ] as const)('(%s) is answered by at most five writes of ours, and named', async (what, forMs, status) => {
    const name = what.replaceAll(' ', '-');
    await cluster.create(name);
    await cluster.until(name, (object) => addressesOf(object).length > 0);
    const rewrites = await rival(forMs, async (turn) => {
      await cluster.plane.api.patch(`${SERVICES}/${name}/status?fieldManager=rival`, { status: status(turn) });
    });
    expect(rewrites).toBeGreaterThan(forMs / 100);
    const event = await cluster.plane.api.until<{ metadata: { name: string }; note?: string; regarding: object }>(
      '/apis/events.k8s.io/v1/namespaces/default/events',
      ({ note, regarding }) => note?.startsWith('Contested') === true && Object(regarding).name === name,
    );
    expect(event.note).toContain('"rival"');
    // Another Service is served meanwhile, after all those versions have been seen.
    await cluster.create(`beside-${name}`);
    await cluster.until(`beside-${name}`, (object) => addressesOf(object).length > 0);
    const writes = (await cluster.audit.writes(IDENTITY)).filter((write) => write.name === name);
    expect(writes.length).toBeGreaterThan(1);
    expect(writes.length).toBeLessThanOrEqual(MOST_WRITES);
    expect(await metricOf(allocator, 'fairlead_allocator_contested_services')).toBeGreaterThan(0);
  });

  it('is named in the condition and the annotation of the Service where it leaves those alone', async () => {
    const contested = await cluster.get('another-address');
    expect(conditionOf(contested)).toMatchObject({ status: 'False', reason: 'Contested' });
    expect(conditionOf(contested)?.message).toContain('"rival"');
    expect(contested.metadata.annotations?.[ALLOCATOR_ANNOTATIONS.reason]).toBe(conditionOf(contested)?.message);
  });

  it('does not keep a Service from being deleted or changed by its user', async () => {
    await cluster.patch('another-address', { spec: { type: 'ClusterIP', loadBalancerClass: null } });
    const left = await cluster.until('another-address', (object) => conditionOf(object) === undefined);
    expect(addressesOf(left)).toEqual([]);
  });
});

it('a program that rewrites the status of a ServiceGroup every 10 ms is answered twice a second', async () => {
  const forMs = 3_000;
  const before = (await cluster.audit.writes(IDENTITY)).filter(({ resource }) => resource === 'servicegroups').length;
  await rival(forMs, async (turn) => {
    const path = '/apis/fairlead.dev/v1/servicegroups/default/status';
    await cluster.plane.api.patch(path, { status: { allocatedIPv4: String(1_000 + turn) } });
  });
  await cluster.untilGroup('default', ({ status }) => Number(status?.allocatedIPv4) < 256);
  const after = (await cluster.audit.writes(IDENTITY)).filter(({ resource }) => resource === 'servicegroups').length;
  expect(after - before).toBeLessThanOrEqual((2 * forMs) / 1_000 + 2);
});

/** Writes every 10 ms for so long. @returns how often */
async function rival(forMs: number, write: (turn: number) => Promise<void>): Promise<number> {
  const end = performance.now() + forMs;
  let turn = 0;
  while (performance.now() < end) {
    turn += 1;
    await Promise.all([write(turn), delay(10)]);
  }
  return turn;
}

/** Conditions without ours, and with one that changes. */
function foreign(turn: number): object {
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  const condition = {
    type: 'rival.example/Turn',
    status: 'True',
    reason: 'Turn',
    message: `${turn}`,
    lastTransitionTime,
  };
  return { conditions: [condition] };
}
