import { SERVICE_ANNOTATIONS } from '@fairlead/api';
import { AllocatorCluster, addressesOf, conditionOf } from './cluster.ts';
import type { RunningAllocator } from './cluster.ts';

let cluster: AllocatorCluster;
let allocator: RunningAllocator;

beforeAll(async () => {
  cluster = await AllocatorCluster.start();
  await cluster.group('default', { pools: [{ range: '192.0.2.0/24' }] });
  allocator = await cluster.allocator({ flags: ['--leader-elect=false'] });
}, 60_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

describe('a status that the API server refuses to take', () => {
  it('is told by an event on the Service, as the status cannot tell it, and is written when there is room', async () => {
    // Our annotations do not fit: all of an object's together have 256 KiB.
    await cluster.create('full', { annotations: { 'example.com/notes': 'x'.repeat(262_110) } });
    const { note } = await cluster.untilEvent('full', 'AllocationFailed');
    expect(note).toMatch(/^The API server refuses what is to stand in the status: .*metadata\.annotations: Too long/);
    await cluster.patch('full', { metadata: { annotations: { 'example.com/notes': 'x' } } });
    await cluster.until('full', (object) => addressesOf(object).length === 1);
  });

  it('for lack of rights is told by an event and in the log, and is written when the rights are there', async () => {
    const path = '/apis/rbac.authorization.k8s.io/v1/clusterroles/fairlead-allocator';
    const role = await cluster.plane.api.get<{ rules: { resources: string[] }[] }>(path);
    const rules = role.rules.filter(({ resources }) => !resources.includes('services/status'));
    await cluster.plane.api.patch(path, { rules });
    await cluster.create('forbidden', { annotations: { [SERVICE_ANNOTATIONS.serviceGroup]: 'default' } });
    const { note } = await cluster.untilEvent('forbidden', 'AllocationFailed');
    expect(note).toMatch(/forbidden: .* cannot patch resource "services\/status"/);
    await allocator.process.waitForLog(/"level":"warn","message":"The writing of Services fails and is tried again"/);
    await cluster.plane.api.patch(path, { rules: role.rules });
    await cluster.until('forbidden', (object) => conditionOf(object)?.status === 'True');
    await allocator.process.waitForLog(/The writing of Services works again/);
  });
});

it('an address that was given under other flags is not given a second time', async () => {
  await using flags = await AllocatorCluster.start();
  await flags.group('pair', { pools: [{ range: '192.0.2.1-192.0.2.2' }] });
  const generous = await flags.allocator({ flags: ['--leader-elect=false', '--default-class'] });
  await flags.create('classless', { spec: { loadBalancerClass: undefined } });
  await flags.untilAddresses('classless', ['192.0.2.1']);
  await generous.process.kill('SIGTERM');
  const before = await flags.get('classless');
  await flags.allocator({ flags: ['--leader-elect=false'] });
  await flags.create('first');
  await flags.untilAddresses('first', ['192.0.2.2']);
  await flags.create('second');
  await flags.untilRefused('second', 'PoolExhausted');
  await flags.untilGroup('pair', ({ status }) => status?.allocatedIPv4 === '2' && status.availableIPv4 === '0');
  expect((await flags.get('classless')).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  await flags.delete('classless');
  await flags.untilAddresses('second', ['192.0.2.1']);
});
