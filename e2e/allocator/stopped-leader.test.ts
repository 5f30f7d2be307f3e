import { setTimeout as delay } from 'node:timers/promises';
import { AllocatorCluster, addressesOf, conditionOf } from './cluster.ts';
import type { StoredService } from './cluster.ts';
import { ServiceJudge } from './judge.ts';

const COUNT = 200;
/** One address is left over when everybody has one, and is needed at the end. */
const POOL = { range: '192.0.2.0/24', size: 256 } as const;
/** The Lease lasts 15 s: by then another leads. */
const STOPPED_MS = 20_000;
const TAKEOVER_MS = 30_000;

let cluster: AllocatorCluster;

beforeAll(async () => {
  cluster = await AllocatorCluster.start({ audit: true });
}, 60_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

it('a leader that stood still for 20 s with writes queued writes nothing when it goes on, and stands by', async () => {
  const old = await cluster.allocator({ identity: 'old' });
  await old.process.waitForLog(/Allocating/);
  const next = await cluster.allocator({ identity: 'next' });
  const names = Array.from({ length: COUNT }, (_, index) => `service-${index}`);
  await Promise.all(names.map((name) => cluster.create(name)));
  await using judge = await ServiceJudge.start(cluster.plane.api);
  // All wait for a group: with it, all are to be written at once, and most of these writes wait for a connection.
  await cluster.group('default', { pools: [{ range: POOL.range }] });
  await judge.until('some addresses', () => judge.living.filter(isServed).length >= 20);
  old.process.pause();
  const stoppedAt = performance.now();
  const [served, waiting] = [judge.living.filter(isServed), judge.living.filter((service) => !isServed(service))];
  expect(waiting.length).toBeGreaterThan(50);

  const gone = [...served.slice(0, 15), ...waiting.slice(0, 15)].map(({ metadata }) => metadata.name);
  await cluster.delete(...gone);
  await Promise.all(gone.slice(5, 25).map((name) => cluster.create(name)));
  await judge.untilEach('addresses from the next leader', isServed, TAKEOVER_MS);
  await cluster.delete(...names.filter((name) => !gone.includes(name)).slice(0, 20));
  await Promise.all(Array.from({ length: 10 }, (_, index) => cluster.create(`later-${index}`)));
  await judge.untilEach('addresses for those who came later', isServed);

  await delay(Math.max(0, STOPPED_MS - (performance.now() - stoppedAt)));
  const said = (await old.process.log()).length;
  const continuedAt = Date.now();
  old.process.resume();
  await old.process.waitForLog(/No longer leading/, { from: said });
  await cluster.create('after');
  await judge.untilEach('an address while the old leader stands by', isServed);
  expect(await (await fetch(`${old.url}/metrics`)).text()).not.toContain('fairlead_group_allocated_addresses{');
  const late = (await cluster.audit.writes('old')).filter(({ at }) => at >= continuedAt);
  expect(late.map(({ name, code }) => [name, code])).toEqual([]);

  // The old leader's next term: it knows nothing of what it had in mind, and every address that is free.
  const adopted = new Set(judge.living.map(({ metadata }) => metadata.name));
  await next.process.kill('SIGTERM');
  const free = POOL.size - adopted.size;
  await Promise.all(Array.from({ length: free }, (_, index) => cluster.create(`last-${index}`)));
  await judge.untilEach('an address for everybody, which takes all of them', isServed);
  expect(judge.addresses('IPv4')).toHaveLength(POOL.size);
  const touched = (await cluster.audit.writes('old')).filter(({ at, name }) => at >= continuedAt && adopted.has(name));
  expect(touched).toEqual([]);
  expect(judge.violations).toEqual([]);
}, 120_000);

function isServed(service: StoredService): boolean {
  return conditionOf(service)?.status === 'True' && addressesOf(service).length === 1;
}
