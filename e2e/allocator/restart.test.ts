import { ALLOCATOR_ANNOTATIONS, SERVICE_ANNOTATIONS } from '@fairlead/api';
import { AllocatorCluster, addressesOf, conditionOf, DUAL, untilReady } from './cluster.ts';
import type { RunningAllocator } from './cluster.ts';

let cluster: AllocatorCluster;

beforeAll(async () => {
  cluster = await AllocatorCluster.start();
  await cluster.group('default', { pools: [{ range: '192.0.2.0/24' }, { range: '2001:db8::/64' }] });
  await cluster.group('one', { pools: [{ range: '198.51.100.1' }], assign: { auto: false } });
}, 60_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

const alone = { flags: ['--leader-elect=false'] };

/** Waits until the allocator has seen everything: a Service that is made now has its address. */
async function untilServing(name: string, timeoutMs?: number): Promise<void> {
  await cluster.create(name);
  await cluster.until(name, (object) => addressesOf(object).length > 0, timeoutMs === undefined ? {} : { timeoutMs });
}

async function stop({ process }: RunningAllocator): Promise<void> {
  await process.kill('SIGTERM');
}

describe('an allocator that starts', () => {
  it('adopts what is there and writes nothing, neither on Services nor on groups', async () => {
    const first = await cluster.allocator(alone);
    const names = Array.from({ length: 20 }, (_, index) => `kept-${index}`);
    await Promise.all(names.map((name) => cluster.create(name, { spec: DUAL })));
    const before = await Promise.all(
      names.map((name) => cluster.until(name, (object) => conditionOf(object)?.status === 'True')),
    );
    await cluster.untilGroup('default', ({ status }) => status?.allocatedIPv4 === '20');
    await stop(first);
    const second = await cluster.allocator(alone);
    await untilServing('later');
    const after = await Promise.all(names.map((name) => cluster.get(name)));
    expect(after.map(({ metadata }) => metadata.resourceVersion)).toEqual(
      before.map(({ metadata }) => metadata.resourceVersion),
    );
    await stop(second);
  });

  it('clears what stopped being a LoadBalancer and serves who waited, all while none ran', async () => {
    const first = await cluster.allocator(alone);
    const one = { annotations: { [SERVICE_ANNOTATIONS.serviceGroup]: 'one' } };
    await cluster.create('changed', one);
    await cluster.untilAddresses('changed', ['198.51.100.1']);
    await cluster.create('deleted');
    const deleted = await cluster.until('deleted', (object) => addressesOf(object).length > 0);
    await cluster.create('old', one);
    await cluster.untilRefused('old', 'PoolExhausted');
    await stop(first);
    await cluster.patch('changed', { spec: { type: 'ClusterIP', loadBalancerClass: null } });
    await cluster.delete('deleted');
    const asked = { [SERVICE_ANNOTATIONS.addresses]: addressesOf(deleted).join(',') };
    await cluster.create('heir', { annotations: asked });
    const second = await cluster.allocator(alone);
    const changed = await cluster.until('changed', (object) => conditionOf(object) === undefined);
    expect(changed.metadata.annotations?.[ALLOCATOR_ANNOTATIONS.allocatedFrom]).toBeUndefined();
    await cluster.untilAddresses('old', ['198.51.100.1']);
    await cluster.untilAddresses('heir', addressesOf(deleted));
    await stop(second);
  });

  it('adopts a free address that was written by hand while none ran', async () => {
    const first = await cluster.allocator(alone);
    await untilServing('by-hand');
    await stop(first);
    const ingress = [{ ip: '192.0.2.200', ipMode: 'VIP' }];
    await cluster.patchStatus('by-hand', { status: { loadBalancer: { ingress } } });
    const second = await cluster.allocator(alone);
    const adopted = await cluster.until('by-hand', (object) => conditionOf(object)?.message.includes('.200') === true);
    expect(addressesOf(adopted)).toEqual(['192.0.2.200']);
    await stop(second);
  });
});

describe('two replicas', () => {
  it('the other takes over when the leader is killed, and nothing moves', async () => {
    const leader = await cluster.allocator({ identity: 'a' });
    await untilServing('before-kill', 30_000);
    const standby = await cluster.allocator({ identity: 'b' });
    const before = addressesOf(await cluster.get('before-kill'));
    await leader.process.kill('SIGKILL');
    await untilServing('after-kill', 30_000);
    expect(addressesOf(await cluster.get('before-kill'))).toEqual(before);
    expect(addressesOf(await cluster.get('after-kill'))).not.toEqual(before);
    // A container that is started again under its Pod's name waits for nobody.
    await standby.process.restart('SIGKILL');
    await untilReady(standby);
    await untilServing('after-restart', 5_000);
    const stopped = performance.now();
    const next = await cluster.allocator({ identity: 'c' });
    await stop(standby);
    expect(performance.now() - stopped).toBeLessThan(20_000);
    // On SIGTERM the Lease is given up: the next one does not wait for its end.
    await untilServing('after-stop', 8_000);
    await stop(next);
  }, 90_000);
});
