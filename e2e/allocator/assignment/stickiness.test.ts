import { SERVICE_ANNOTATIONS } from '@fairlead/api';
import type { ServiceGroup } from '@fairlead/api';
import { addressesOf, conditionOf, DUAL, untilReady } from '../cluster.ts';
import type { ServiceInput } from '../cluster.ts';
import { byAge, from, useAssignment } from './harness.ts';

const suite = useAssignment();
const RESTARTS = 5;

function sharer(port: number): ServiceInput {
  return from('many', { annotations: { [SERVICE_ANNOTATIONS.allowSharedIP]: 'key' }, spec: { ports: [{ port }] } });
}

it(`the same addresses after ${RESTARTS} restarts of the allocator with two rivals waiting, and nothing written`, async () => {
  const { cluster, allocator } = suite.now;
  await suite.now.group('one', ['198.51.100.1']);
  await suite.now.group('many', ['192.0.2.0/24', '2001:db8::/64']);
  await suite.now.group('leaving', ['198.51.100.200']);
  await cluster.create('holder', from('one'));
  await cluster.untilAddresses('holder', ['198.51.100.1']);
  await cluster.create('orphan', from('leaving'));
  await cluster.untilAddresses('orphan', ['198.51.100.200']);
  await suite.now.deleteGroup('leaving');
  await cluster.until('orphan', (object) => conditionOf(object)?.reason === 'Orphaned');
  await cluster.create('dual', from('many', { spec: DUAL }));
  await cluster.create('asks', from('many', { annotations: { [SERVICE_ANNOTATIONS.addresses]: '192.0.2.77' } }));
  await cluster.create('sharer-a', sharer(80));
  await cluster.create('sharer-b', sharer(443));
  const satisfied = ['holder', 'orphan', 'dual', 'asks', 'sharer-a', 'sharer-b'];
  const rivals = byAge([await cluster.create('rival-a', from('one')), await cluster.create('rival-b', from('one'))]);
  await Promise.all(['rival-a', 'rival-b'].map((name) => cluster.untilRefused(name, 'PoolExhausted')));
  await Promise.all(satisfied.map((name) => suite.now.served(name)));
  await cluster.untilGroup('many', ({ status }) => status?.allocatedIPv4 === '3' && status.allocatedIPv6 === '1');
  await cluster.untilGroup('one', ({ status }) => status?.availableIPv4 === '0');
  const all = [...satisfied, 'rival-a', 'rival-b'];
  const picture = async () => {
    const services = await Promise.all(all.map((name) => cluster.get(name)));
    const groups = await Promise.all(
      ['one', 'many'].map((name) => cluster.plane.api.get<ServiceGroup>(`/apis/fairlead.dev/v1/servicegroups/${name}`)),
    );
    return [...services, ...groups].map(({ metadata, status }) => ({ version: metadata.resourceVersion, status }));
  };
  const before = await picture();
  const sharers = await Promise.all(['sharer-a', 'sharer-b'].map((name) => cluster.get(name)));
  expect(new Set(sharers.flatMap(addressesOf)).size).toBe(1);
  for (let restart = 0; restart < RESTARTS; restart += 1) {
    await allocator.process.restart(restart % 2 === 0 ? 'SIGKILL' : 'SIGTERM');
    await untilReady(allocator);
    await suite.now.caughtUp();
    expect(await picture()).toEqual(before);
  }
  await cluster.delete('holder');
  await cluster.untilAddresses(rivals[0]?.metadata.name ?? '', ['198.51.100.1']);
}, 60_000);

it('an address stays while its pool is edited around it: shrunk away, excluded, drained, of another group, given back', async () => {
  const { cluster } = suite.now;
  await suite.now.group('edited', ['198.51.100.100-198.51.100.109']);
  await cluster.create('stays', from('edited'));
  const { address } = await suite.now.served('stays');
  const whole = { range: '198.51.100.100-198.51.100.109' };
  const reason = async (wanted: string): Promise<void> => {
    const stored = await cluster.until('stays', (object) => conditionOf(object)?.reason === wanted);
    expect([addressesOf(stored), conditionOf(stored)?.status]).toEqual([[address], 'True']);
  };
  await suite.now.editGroup('edited', { pools: [{ range: '198.51.100.105-198.51.100.109' }] });
  await reason('Orphaned');
  await suite.now.editGroup('edited', { pools: [{ ...whole, exclude: [address] }] });
  await reason('Allocated');
  await suite.now.editGroup('edited', { pools: [whole], draining: true });
  await suite.now.untilGroupSays('edited', { type: 'Draining', status: 'True' });
  await reason('Allocated');
  await suite.now.deleteGroup('edited');
  await reason('Orphaned');
  await suite.now.group('edited-anew', [whole.range]);
  await reason('Allocated');
});
