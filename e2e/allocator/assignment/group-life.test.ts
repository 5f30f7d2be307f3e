import { EVENT_REASONS, SERVICE_ANNOTATIONS } from '@fairlead/api';
import type { ServiceGroup } from '@fairlead/api';
import { addressesOf, conditionOf, DUAL } from '../cluster.ts';
import { annotate, from, useAssignment } from './harness.ts';

const suite = useAssignment();

const GROUPS = '/apis/fairlead.dev/v1/servicegroups';
const REALLOCATE = annotate({ [SERVICE_ANNOTATIONS.reallocate]: 'true' });

/** Waits until the status of the group has these counts: IPv4 in use and free, IPv6 in use and free. */
async function untilCounts(name: string, ...counts: readonly [number, number, number, number]): Promise<ServiceGroup> {
  const wanted = counts.join(' ');
  return await suite.now.cluster.untilGroup(name, ({ status }) => {
    const { allocatedIPv4, availableIPv4, allocatedIPv6, availableIPv6 } = status ?? {};
    return [allocatedIPv4, availableIPv4, allocatedIPv6, availableIPv6].join(' ') === wanted;
  });
}

describe('the counts of a group', () => {
  it('follow Services, sharing, excluded ranges, draining and pools, and what somebody writes there is put back', async () => {
    const { cluster } = suite.now;
    const ranges = ['10.1.0.1-10.1.0.8', '2001:db8:1::1-2001:db8:1::4'];
    const pools = ranges.map((range) => ({ range }));
    await suite.now.group('counted', ranges);
    await untilCounts('counted', 0, 8, 0, 4);
    const shared = { annotations: { [SERVICE_ANNOTATIONS.allowSharedIP]: 'key' } };
    await cluster.create('counted-dual', from('counted', { spec: DUAL }));
    await cluster.create('counted-a', from('counted', { ...shared, spec: { ports: [{ port: 80 }] } }));
    await cluster.create('counted-b', from('counted', { ...shared, spec: { ports: [{ port: 443 }] } }));
    await untilCounts('counted', 2, 6, 1, 3);
    await suite.now.editGroup('counted', { pools: [{ ...pools[0], exclude: ['10.1.0.1', '10.1.0.8'] }, pools[1]] });
    await untilCounts('counted', 2, 5, 1, 3);
    await suite.now.editGroup('counted', { draining: true });
    await untilCounts('counted', 2, 0, 1, 0);
    await suite.now.editGroup('counted', { draining: false, pools: [pools[0]] });
    await untilCounts('counted', 2, 6, 0, 0);
    await suite.now.editGroup('counted', { pools });
    await untilCounts('counted', 2, 6, 1, 3);
    const foreign = { type: 'example.com/Checked', status: 'True', reason: 'Fine', message: '' };
    const condition = { ...foreign, lastTransitionTime: '2026-01-01T00:00:00Z' };
    const status = { allocatedIPv4: '99', availableIPv6: 'many', conditions: [condition] };
    await cluster.plane.api.patch(`${GROUPS}/counted/status`, { status });
    const restored = await untilCounts('counted', 2, 6, 1, 3);
    expect(restored.status?.conditions?.map(({ type }) => type)).toEqual(['example.com/Checked', 'Ready', 'Draining']);
    await cluster.delete('counted-dual', 'counted-a', 'counted-b');
    await untilCounts('counted', 0, 8, 0, 4);
  });
});

describe('a group that drains', () => {
  it('gives no new addresses and says so, keeps those in use, and serves those that waited when it stops', async () => {
    const { cluster } = suite.now;
    await suite.now.group('drained', ['10.2.0.0/24']);
    await cluster.create('drained-before', from('drained'));
    const { address } = await suite.now.served('drained-before');
    await suite.now.editGroup('drained', { draining: true });
    await suite.now.untilGroupSays('drained', { type: 'Draining', status: 'True' });
    await cluster.create('drained-after', from('drained'));
    const refused = await cluster.untilRefused('drained-after', 'GroupDraining');
    expect(conditionOf(refused)?.message).toContain('ServiceGroup drained is draining');
    await cluster.untilAddresses('drained-before', [address]);
    await suite.now.editGroup('drained', { draining: false });
    expect((await suite.now.served('drained-after')).address).not.toBe(address);
  });

  it('is passed over for the next one, which takes those that ask to be moved', async () => {
    const { cluster } = suite.now;
    await suite.now.group('old', ['10.3.1.0/24'], { assign: { priority: 1 } });
    await suite.now.group('new', ['10.3.2.0/24'], { assign: { priority: 2 } });
    await cluster.create('tenant');
    expect((await suite.now.served('tenant')).address).toMatch(/^10\.3\.1\./);
    await suite.now.editGroup('old', { draining: true });
    await suite.now.untilGroupSays('old', { type: 'Draining', status: 'True' });
    await cluster.create('newcomer');
    expect((await suite.now.served('newcomer')).address).toMatch(/^10\.3\.2\./);
    await cluster.patch('tenant', REALLOCATE);
    await cluster.until('tenant', (object) => addressesOf(object)[0]?.startsWith('10.3.2.') === true);
    await untilCounts('old', 0, 0, 0, 0);
    await suite.now.deleteGroup('old');
    await suite.now.deleteGroup('new');
  });
});

describe('fairlead.dev/reallocate', () => {
  it('moves a Service once, tells both addresses, and the annotation goes', async () => {
    const { cluster } = suite.now;
    await suite.now.group('moves', ['10.4.0.0/24']);
    await cluster.create('mover', from('moves'));
    const { address } = await suite.now.served('mover');
    await cluster.patch('mover', REALLOCATE);
    const moved = await cluster.until('mover', (object) => addressesOf(object)[0] !== address);
    expect(moved.metadata.annotations).not.toHaveProperty([SERVICE_ANNOTATIONS.reallocate]);
    expect(conditionOf(moved)).toMatchObject({ status: 'True', reason: 'Allocated' });
    expect((await cluster.untilEvent('mover', EVENT_REASONS.addressReleased)).note).toBe(`Released ${address}`);
    await suite.now.caughtUp();
    await cluster.untilAddresses('mover', addressesOf(moved));
  });

  it('where there is nowhere to go leaves the address, says so, and moves when something is freed', async () => {
    const { cluster } = suite.now;
    await suite.now.group('full', ['10.5.0.1-10.5.0.2']);
    await cluster.create('full-a', from('full'));
    await cluster.create('full-b', from('full'));
    const { address } = await suite.now.served('full-a');
    const other = (await suite.now.served('full-b')).address;
    await cluster.patch('full-a', REALLOCATE);
    const refused = await cluster.untilRefused('full-a', 'PoolExhausted');
    expect(addressesOf(refused)).toEqual([address]);
    await cluster.delete('full-b');
    const moved = await cluster.untilAddresses('full-a', [other]);
    expect(moved.metadata.annotations).not.toHaveProperty([SERVICE_ANNOTATIONS.reallocate]);
  });

  it('moves an orphan back into a pool', async () => {
    const { cluster } = suite.now;
    await suite.now.group('lost', ['10.6.0.1']);
    await cluster.create('orphan', from('lost'));
    await cluster.untilAddresses('orphan', ['10.6.0.1']);
    await suite.now.editGroup('lost', { pools: [{ range: '10.6.0.100' }] });
    const orphan = await cluster.until('orphan', (object) => conditionOf(object)?.reason === 'Orphaned');
    expect([conditionOf(orphan)?.status, addressesOf(orphan)]).toEqual(['True', ['10.6.0.1']]);
    expect(conditionOf(orphan)?.message).toContain('10.6.0.1: no pool has it any more');
    await cluster.patch('orphan', REALLOCATE);
    const moved = await cluster.untilAddresses('orphan', ['10.6.0.100']);
    expect(conditionOf(moved)?.reason).toBe('Allocated');
  });
});

describe('a group that is deleted while Services have its addresses', () => {
  it('leaves them their addresses, has nothing for others, and takes them back when it is made again', async () => {
    const { cluster } = suite.now;
    await suite.now.group('gone', ['10.7.0.0/24']);
    await cluster.create('survivor', from('gone'));
    const { address } = await suite.now.served('survivor');
    await suite.now.deleteGroup('gone');
    const orphan = await cluster.until('survivor', (object) => conditionOf(object)?.reason === 'Orphaned');
    expect(addressesOf(orphan)).toEqual([address]);
    await cluster.create('late', from('gone'));
    await cluster.untilRefused('late', 'GroupNotFound');
    await suite.now.group('gone', ['10.7.0.0/24']);
    await cluster.until('survivor', (object) => conditionOf(object)?.reason === 'Allocated');
    expect((await suite.now.served('late')).address).not.toBe(address);
    await cluster.untilAddresses('survivor', [address]);
    await untilCounts('gone', 2, 254, 0, 0);
  });
});

describe('two groups with addresses in common', () => {
  it('the younger is not ready and says with whom, its Services say so too, and all is well when the older gives way', async () => {
    const { cluster } = suite.now;
    await suite.now.group('a-older', ['10.8.0.0/24']);
    await suite.now.group('b-younger', ['10.8.0.128-10.8.1.10']);
    const overlap = await suite.now.untilGroupSays('b-younger', { reason: 'Overlap', status: 'False' });
    const said = overlap.status?.conditions?.find(({ type }) => type === 'Ready')?.message ?? '';
    expect(said).toContain('overlaps 10.8.0.0/24 of ServiceGroup a-older');
    await cluster.create('overlapped', from('b-younger'));
    const refused = await cluster.untilRefused('overlapped', 'GroupNotReady');
    expect(conditionOf(refused)?.message).toContain(said);
    await cluster.create('undisturbed', from('a-older'));
    await suite.now.served('undisturbed');
    await suite.now.editGroup('a-older', { pools: [{ range: '10.8.0.0/25' }] });
    await suite.now.served('overlapped');
    await suite.now.untilGroupSays('b-younger', { reason: 'Valid', status: 'True' });
  });

  it('an older one that grows over addresses in use takes the range and leaves the Services theirs', async () => {
    const { cluster } = suite.now;
    await suite.now.group('c-older', ['10.9.0.0/25']);
    await suite.now.group('d-younger', ['10.9.0.128/25']);
    await cluster.create('sitting', from('d-younger'));
    const { address } = await suite.now.served('sitting');
    await suite.now.editGroup('c-older', { pools: [{ range: '10.9.0.0/24' }] });
    await suite.now.untilGroupSays('d-younger', { reason: 'Overlap', status: 'False' });
    await untilCounts('c-older', 1, 255, 0, 0);
    const sitting = await cluster.untilAddresses('sitting', [address]);
    expect(conditionOf(sitting)?.reason).toBe('Allocated');
    await suite.now.deleteGroup('c-older');
    await suite.now.untilGroupSays('d-younger', { reason: 'Valid', status: 'True' });
    await untilCounts('d-younger', 1, 127, 0, 0);
    await cluster.untilAddresses('sitting', [address]);
  });
});
