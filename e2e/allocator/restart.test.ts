import { ALLOCATOR_ANNOTATIONS, SERVICE_ANNOTATIONS } from '@fairlead/api';
import { AllocatorCluster, addressesOf, conditionOf, DUAL, SIX, untilReady } from './cluster.ts';
import type { RunningAllocator, StoredService } from './cluster.ts';

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

/** What decides which of two Services is older. */
function bornOf({ metadata }: StoredService): string {
  return `${metadata.creationTimestamp} ${metadata.uid}`;
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

describe('an allocator that starts, after a time in which none ran,', () => {
  it('leaves Services of another class, or of none, alone, even where they carry our condition', async () => {
    const first = await cluster.allocator(alone);
    await untilServing('model');
    const { status } = await cluster.get('model');
    await stop(first);
    const marked = [
      { name: 'foreign-marked', ip: '192.0.2.251', spec: { loadBalancerClass: 'example.com/other' } },
      { name: 'classless-marked', ip: '192.0.2.252', spec: { loadBalancerClass: undefined } },
    ];
    const before = await Promise.all(
      marked.map(async ({ name, ip, spec }) => {
        await cluster.create(name, { spec });
        return await cluster.patchStatus(name, {
          status: { conditions: status?.conditions, loadBalancer: { ingress: [{ ip, ipMode: 'VIP' }] } },
        });
      }),
    );
    const second = await cluster.allocator(alone);
    await untilServing('after-marked');
    const after = await Promise.all(marked.map(({ name }) => cluster.get(name)));
    expect(after.map(({ metadata }) => metadata.resourceVersion)).toEqual(
      before.map(({ metadata }) => metadata.resourceVersion),
    );
    await stop(second);
  });

  it('takes a Service that was made anew under its old name for another one', async () => {
    const first = await cluster.allocator(alone);
    await cluster.create('renewed');
    await cluster.until('renewed', (object) => addressesOf(object).length > 0);
    await stop(first);
    await cluster.delete('renewed');
    await cluster.create('renewed', { spec: SIX });
    const second = await cluster.allocator(alone);
    const renewed = await cluster.until('renewed', (object) => conditionOf(object)?.status === 'True');
    expect(addressesOf(renewed)).toEqual([expect.stringMatching(/^2001:db8::/)]);
    await stop(second);
  });

  it('keeps the addresses of a ServiceGroup that was deleted as orphans, and of one that was renamed as its own', async () => {
    await cluster.group('doomed', { pools: [{ range: '203.0.113.0/28' }], assign: { auto: false } });
    await cluster.group('renamed', { pools: [{ range: '203.0.113.64/28' }], assign: { auto: false } });
    const first = await cluster.allocator(alone);
    const names = ['doomed', 'renamed'];
    const before = await Promise.all(
      names.map(async (name) => {
        await cluster.create(`of-${name}`, { annotations: { [SERVICE_ANNOTATIONS.serviceGroup]: name } });
        const served = await cluster.until(`of-${name}`, (object) => addressesOf(object).length > 0);
        // Without a wish for that group: what it has is from there all the same.
        await cluster.patch(`of-${name}`, { metadata: { annotations: { [SERVICE_ANNOTATIONS.serviceGroup]: null } } });
        return addressesOf(served);
      }),
    );
    await stop(first);
    await Promise.all(names.map((name) => cluster.plane.api.delete(`/apis/fairlead.dev/v1/servicegroups/${name}`)));
    await cluster.group('new-name', { pools: [{ range: '203.0.113.64/28' }], assign: { auto: false } });
    const second = await cluster.allocator(alone);
    const orphan = await cluster.until('of-doomed', (object) => conditionOf(object)?.reason === 'Orphaned');
    const moved = await cluster.until(
      'of-renamed',
      ({ metadata }) => metadata.annotations?.[ALLOCATOR_ANNOTATIONS.allocatedFrom] === 'new-name',
    );
    expect([orphan, moved].map((service) => conditionOf(service)?.status)).toEqual(['True', 'True']);
    expect([orphan, moved].map(addressesOf)).toEqual(before);
    await cluster.untilGroup('new-name', ({ status }) => status?.allocatedIPv4 === '1');
    await stop(second);
  });

  it('leaves an address that two Services show to the older, and gives the younger another', async () => {
    const first = await cluster.allocator(alone);
    await untilServing('elder');
    const elder = await cluster.get('elder');
    const [address = ''] = addressesOf(elder);
    await untilServing('younger');
    // Creation times have whole seconds, and of two in one second the uid decides.
    const isYounger = async (): Promise<boolean> => bornOf(await cluster.get('younger')) > bornOf(elder);
    while (!(await isYounger())) {
      await cluster.delete('younger');
      await untilServing('younger');
    }
    await stop(first);
    await cluster.patchStatus('younger', { status: { loadBalancer: { ingress: [{ ip: address, ipMode: 'VIP' }] } } });
    const second = await cluster.allocator(alone);
    const younger = await cluster.until(
      'younger',
      (object) => addressesOf(object).length === 1 && addressesOf(object)[0] !== address,
    );
    expect(conditionOf(younger)).toMatchObject({ status: 'True', reason: 'Allocated' });
    expect((await cluster.get('elder')).metadata.resourceVersion).toBe(elder.metadata.resourceVersion);
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
