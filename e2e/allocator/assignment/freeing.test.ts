import { ADDRESSES_ALLOCATED, ALLOCATOR_ANNOTATIONS, EVENT_REASONS } from '@fairlead/api';
import { addressesOf, conditionOf } from '../cluster.ts';
import { byAge, from, useAssignment } from './harness.ts';

const suite = useAssignment();

describe('an address is freed, and the Service that waits gets it,', () => {
  it('when its Service is deleted', async () => {
    const { cluster } = suite.now;
    await suite.now.group('deleted', ['198.51.100.1']);
    await cluster.create('deleted', from('deleted'));
    await cluster.untilAddresses('deleted', ['198.51.100.1']);
    await cluster.create('heir', from('deleted'));
    await cluster.untilRefused('heir', 'PoolExhausted');
    await cluster.delete('deleted');
    expect((await suite.now.served('heir')).address).toBe('198.51.100.1');
  });

  it.each([
    ['ClusterIP', {}],
    ['NodePort', {}],
    ['ExternalName', { externalName: 'example.com' }],
  ])('when its Service becomes a %s, which keeps nothing of ours', async (type, more) => {
    const { cluster } = suite.now;
    const name = type.toLowerCase();
    const address = `198.51.100.1${type.length}`;
    await suite.now.group(name, [address]);
    await cluster.create(name, from(name));
    await cluster.untilAddresses(name, [address]);
    await cluster.create(`${name}-heir`, from(name));
    await cluster.untilRefused(`${name}-heir`, 'PoolExhausted');
    await cluster.patch(name, { spec: { type, loadBalancerClass: null, ...more } });
    await cluster.untilAddresses(`${name}-heir`, [address]);
    const left = await cluster.until(name, (object) => conditionOf(object) === undefined);
    expect(addressesOf(left)).toEqual([]);
    expect(left.metadata.annotations).not.toHaveProperty([ALLOCATOR_ANNOTATIONS.allocatedFrom]);
    expect((await cluster.untilEvent(name, EVENT_REASONS.addressReleased)).note).toBe(`Released ${address}`);
  });

  it('when its group gets one more', async () => {
    const { cluster } = suite.now;
    await suite.now.group('grown', ['198.51.100.3']);
    await cluster.create('first', from('grown'));
    await cluster.untilAddresses('first', ['198.51.100.3']);
    await cluster.create('second', from('grown'));
    await cluster.untilRefused('second', 'PoolExhausted');
    await suite.now.editGroup('grown', { pools: [{ range: '198.51.100.3' }, { range: '198.51.100.5' }] });
    expect((await suite.now.served('second')).address).toBe('198.51.100.5');
  });
});

it('the oldest that waits gets the next one, whoever is edited meanwhile', async () => {
  const { cluster } = suite.now;
  await suite.now.group('line', ['198.51.100.20']);
  await cluster.create('in-front', from('line'));
  await cluster.untilAddresses('in-front', ['198.51.100.20']);
  const names = ['wait-a', 'wait-b', 'wait-c', 'wait-d'];
  const waiting = byAge(await Promise.all(names.map((name) => cluster.create(name, from('line')))));
  await Promise.all(names.map((name) => cluster.untilRefused(name, 'PoolExhausted')));
  const youngest = waiting.at(-1)?.metadata.name ?? '';
  await cluster.patch(youngest, { metadata: { labels: { edited: 'yes' } } });
  const order = ['in-front', ...waiting.map(({ metadata }) => metadata.name)];
  for (const [index, next] of order.slice(1).entries()) {
    await cluster.delete(order[index] ?? '');
    expect((await suite.now.served(next)).address).toBe('198.51.100.20');
  }
});

it('a freed address rests while others have not been used', async () => {
  const { cluster } = suite.now;
  await suite.now.group('resting', ['198.51.100.30-198.51.100.32']);
  await cluster.create('rest-a', from('resting'));
  const { address } = await suite.now.served('rest-a');
  await cluster.delete('rest-a');
  const order: string[] = [];
  for (const name of ['rest-b', 'rest-c', 'rest-d']) {
    await cluster.create(name, from('resting'));
    order.push((await suite.now.served(name)).address);
  }
  expect(order.at(-1)).toBe(address);
  expect(new Set(order).size).toBe(3);
});

it('`kubectl describe service` says why a Service waits, and then what it got', async () => {
  const { cluster } = suite.now;
  await suite.now.group('read', ['198.51.100.40']);
  await cluster.create('reader-first', from('read'));
  await cluster.untilAddresses('reader-first', ['198.51.100.40']);
  await cluster.create('reader', from('read'));
  await cluster.untilEvent('reader', EVENT_REASONS.allocationFailed);
  const sentence = conditionOf(await cluster.get('reader'))?.message;
  expect(sentence).toContain('ServiceGroup read has no free IPv4 address');
  const waiting = await suite.now.described('reader');
  expect(waiting).toContain(`${ALLOCATOR_ANNOTATIONS.reason}: ${sentence}`);
  expect(waiting).toMatch(/Warning +AllocationFailed .*PoolExhausted: ServiceGroup read has no free IPv4 address/);
  await cluster.delete('reader-first');
  const condition = `--for=condition=${ADDRESSES_ALLOCATED}`;
  await cluster.plane.kubectl(['wait', condition, '--timeout=5s', 'service/reader']);
  await cluster.untilEvent('reader', EVENT_REASONS.addressAssigned);
  const served = await suite.now.described('reader');
  expect(served).toMatch(/LoadBalancer Ingress: +198\.51\.100\.40 \(VIP\)/);
  expect(served).toContain(`${ALLOCATOR_ANNOTATIONS.allocatedFrom}: read`);
  expect(served).toMatch(/Normal +AddressAssigned .*Assigned 198\.51\.100\.40 from ServiceGroup read/);
  expect(served).not.toContain(ALLOCATOR_ANNOTATIONS.reason);
});
