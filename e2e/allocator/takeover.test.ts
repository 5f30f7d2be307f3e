import { setTimeout as delay } from 'node:timers/promises';
import { API_VERSION, SERVICE_ANNOTATIONS } from '@fairlead/api';
import { AllocatorCluster, addressesOf, conditionOf } from './cluster.ts';
import type { StoredService } from './cluster.ts';
import type { StatusWrite } from './audit.ts';
import { ServiceJudge } from './judge.ts';
import { relayedAllocator } from './relayed.ts';

/** Services before anything goes wrong; the pool has no address more. */
const COUNT = 40;
const POOL = '192.0.2.0-192.0.2.39';
/** The Lease lasts 15 s; the rest is what a busy machine may take. */
const TAKEOVER_MS = 45_000;
/** A new leader whose watches stayed dead would notice after 90 s only. */
const PROMPT_MS = 10_000;
const GROUPS = `/apis/${API_VERSION}/servicegroups`;

// Both wait for a Lease to end most of the time, so they wait together, each with a control plane of its own.

it.concurrent(
  'a standby that is half-open takes over: it does as if it had seen all, and serves who comes next',
  async () => {
    await using cluster = await AllocatorCluster.start({ audit: true });
    await cluster.group('default', { pools: [{ range: POOL }] });
    await cluster.group('edited', { pools: [{ range: '198.51.100.1' }], assign: { auto: false } });
    await cluster.group('removed', { pools: [{ range: '198.51.100.64/30' }], assign: { auto: false } });
    await cluster.group('remade', { pools: [{ range: '198.51.100.128/30' }], assign: { auto: false } });
    await cluster.group('teams', {
      pools: [{ range: '203.0.113.0/30' }],
      assign: { auto: false, namespaceSelector: { matchLabels: { team: 'in' } } },
    });
    await Promise.all([cluster.namespace('joins'), cluster.namespace('leaves', { team: 'in' })]);
    const leader = await cluster.allocator({ identity: 'leader' });
    await leader.process.waitForLog(/Allocating/);
    const standby = await relayedAllocator(cluster, { identity: 'standby' });
    await using relay = standby.relay;
    await using judge = await ServiceJudge.start(cluster.plane.api);
    const names = Array.from({ length: COUNT }, (_, index) => `first-${index}`);
    await Promise.all(names.map((name) => cluster.create(name)));
    await judge.untilEach('an address for everybody', isServed);

    // From here on the standby hears nothing of what it watches; that the Lease is renewed it sees, by new connections.
    relay.hold();
    const gone = names.slice(0, 20);
    const again = gone.slice(0, 10);
    await cluster.delete(...gone);
    // The addresses of the twenty go to others, each to another Service than before.
    await Promise.all(Array.from({ length: 10 }, (_, index) => cluster.create(`heir-${index}`)));
    await judge.untilEach('addresses for the heirs', isServed);
    await Promise.all(again.map((name) => cluster.create(name)));
    await judge.untilEach('addresses for those who came back', isServed);
    expect(judge.addresses('IPv4')).toHaveLength(COUNT);
    await cluster.create('waiting');
    await cluster.untilRefused('waiting', 'PoolExhausted');
    await cluster.group('edited', { pools: [{ range: '198.51.100.2' }], assign: { auto: false } });
    await cluster.plane.api.delete(`${GROUPS}/removed`);
    await cluster.plane.api.delete(`${GROUPS}/remade`);
    await cluster.group('remade', { pools: [{ range: '198.51.100.192/30' }], assign: { auto: false } });
    await Promise.all([cluster.namespace('joins', { team: 'in' }), cluster.namespace('leaves', { team: 'out' })]);
    await cluster.group('default', { pools: [{ range: POOL }, { range: '192.0.2.100-192.0.2.101' }] });
    await judge.untilEach('an address for who waited', isServed);
    const before = versions(judge.living);

    await leader.process.kill('SIGKILL');
    const killedAt = Date.now();
    const orphan = { annotations: { [SERVICE_ANNOTATIONS.serviceGroup]: 'edited' } };
    await cluster.create('orphan', orphan);
    await cluster.create('no-group', { annotations: { [SERVICE_ANNOTATIONS.serviceGroup]: 'removed' } });
    await cluster.create('new-group', { annotations: { [SERVICE_ANNOTATIONS.serviceGroup]: 'remade' } });
    const team = { annotations: { [SERVICE_ANNOTATIONS.serviceGroup]: 'teams' } };
    await Promise.all([cluster.create('joins/in', team), cluster.create('leaves/out', team)]);
    await cluster.untilAddresses('orphan', ['198.51.100.2'], TAKEOVER_MS);
    const tookMs = Date.now() - killedAt;
    await cluster.untilRefused('no-group', 'GroupNotFound');
    await cluster.until('new-group', (service) => addressesOf(service)[0]?.startsWith('198.51.100.19') === true);
    await cluster.until('joins/in', isServed);
    await cluster.until('leaves/out', (service) => conditionOf(service)?.reason === 'NotPermitted');

    // New connections carry its watches too.
    const begun = performance.now();
    await cluster.create('later');
    await cluster.until('later', isServed, { timeoutMs: PROMPT_MS });
    const servedMs = performance.now() - begun;
    await cluster.delete(again[0] ?? '');
    await cluster.create('last');
    const ours = (): string[] => judge.addresses('IPv4').filter((address) => address.startsWith('192.0.2.'));
    await judge.until('no address left', () => ours().length === COUNT + 2, PROMPT_MS);
    const after = versions(judge.living);
    expect([...before].filter(([name, version]) => after.has(name) && after.get(name) !== version)).toEqual([]);
    expect(judge.violations).toEqual([]);
    console.log(
      `the standby led ${tookMs} ms after the leader's end; the next Service was served in ${servedMs.toFixed(0)} ms`,
    );
  },
  120_000,
);

it.concurrent(
  'writes of a leader that come out of a black hole when another leads change nothing',
  async () => {
    await using cluster = await AllocatorCluster.start({ audit: true });
    await cluster.group('default', { pools: [{ range: POOL }] });
    const old = await relayedAllocator(cluster, { identity: 'old' });
    await using relay = old.relay;
    await old.process.waitForLog(/Allocating/);
    const next = await cluster.allocator({ identity: 'next' });
    await using judge = await ServiceJudge.start(cluster.plane.api);
    const names = Array.from({ length: COUNT }, (_, index) => `first-${index}`);
    // Enough at once for all the connections that an allocator opens.
    await Promise.all(names.map((name) => cluster.create(name)));
    await judge.untilEach('an address for everybody', isServed);

    // The leader still hears, and what it says stays on the way.
    relay.hold({ directions: ['to-server'], coming: true });
    const gone = names.slice(0, 12);
    await cluster.delete(...gone);
    const waiting = Array.from({ length: 12 }, (_, index) => `waiting-${index}`);
    for (const name of waiting) {
      await cluster.create(name); // one after the other: the leader has an address for each, by its age
    }
    await relay.untilHeld(waiting.length);
    relay.hold({ coming: true });
    // For the next leader the world is another one: half of them are gone, some came again, and others were there before.
    await cluster.delete(...waiting.slice(0, 8));
    for (const name of [...waiting.slice(4, 8).toReversed(), 'between-1', 'between-2']) {
      await cluster.create(name);
    }
    await cluster.patch('first-20', { metadata: { annotations: { [SERVICE_ANNOTATIONS.reallocate]: 'true' } } });
    await old.process.waitForLog(/No longer leading/, { timeoutMs: TAKEOVER_MS });
    await judge.untilEach('an address for everybody from the next leader', isServed, TAKEOVER_MS);
    await cluster.until(
      'first-20',
      ({ metadata }) => metadata.annotations?.[SERVICE_ANNOTATIONS.reallocate] === undefined,
    );
    const before = versions(judge.living);

    const releasedAt = Date.now();
    relay.release();
    const late = await untilWrites(cluster, (write) => write.at >= releasedAt && isBy(write, 'old'), 4);
    expect(late.filter(({ code }) => code < 300)).toEqual([]);
    expect(new Set(late.map(({ code }) => code))).toContain(409);
    expect(versions(judge.living)).toEqual(before);

    // The old one stands by again, and knows what happened.
    await next.process.kill('SIGTERM');
    await cluster.delete('between-1');
    await cluster.create('after');
    await cluster.until('after', isServed, { timeoutMs: TAKEOVER_MS });
    const after = versions(judge.living);
    expect([...before].filter(([name, version]) => after.has(name) && after.get(name) !== version)).toEqual([]);
    expect(judge.violations).toEqual([]);
    console.log(`${late.length} late writes: ${late.map(({ name, code }) => `${name} ${code}`).join(', ')}`);
  },
  120_000,
);

function isServed(service: StoredService): boolean {
  return conditionOf(service)?.status === 'True' && addressesOf(service).length === 1;
}

function isBy({ userAgent }: StatusWrite, identity: string): boolean {
  return userAgent === `fairlead-allocator/${identity}`;
}

/** The version of each Service, by name and uid. */
function versions(services: readonly StoredService[]): ReadonlyMap<string, string> {
  return new Map(services.map(({ metadata }) => [`${metadata.name} ${metadata.uid}`, metadata.resourceVersion]));
}

/** Waits for so many writes in the audit log, which tells nobody when it grows: it is read every 50 ms. */
async function untilWrites(
  cluster: AllocatorCluster,
  select: (write: StatusWrite) => boolean,
  count: number,
): Promise<readonly StatusWrite[]> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const writes = (await cluster.audit.writes()).filter((write) => write.resource === 'services' && select(write));
    if (writes.length >= count) {
      return writes;
    }
    if (performance.now() > deadline) {
      throw new Error(`${writes.length} writes within 10 s, not ${count}`);
    }
    await delay(50);
  }
}
