import { ALLOCATOR_ANNOTATIONS, EVENT_REASONS, SERVICE_ANNOTATIONS } from '@fairlead/api';
import { AllocatorCluster, addressesOf, conditionOf, DUAL, SIX } from './cluster.ts';

let cluster: AllocatorCluster;

beforeAll(async () => {
  cluster = await AllocatorCluster.start();
  await cluster.group('default', {
    pools: [{ range: '192.0.2.10-192.0.2.19' }, { range: '2001:db8::10-2001:db8::19' }],
  });
  await cluster.group('one', { pools: [{ range: '198.51.100.1' }], assign: { auto: false } });
  await cluster.allocator({ flags: ['--leader-elect=false'] });
}, 60_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

afterEach(async () => {
  await cluster.clear();
});

describe('a Service of our class', () => {
  it.each([
    ['IPv4', {}, [/^192\.0\.2\.1\d$/]],
    ['IPv6', SIX, [/^2001:db8::1\d$/]],
    ['dual stack', DUAL, [/^192\.0\.2\.1\d$/, /^2001:db8::1\d$/]],
    ['dual stack, IPv6 first', { ...DUAL, ipFamilies: ['IPv6', 'IPv4'] }, [/^2001:db8::1\d$/, /^192\.0\.2\.1\d$/]],
  ])('%s gets its addresses in the order of its families, in one write and one event', async (name, spec, patterns) => {
    const service = name.replace(/\W+/g, '-').toLowerCase();
    const patches = await cluster.requests('PATCH', 'services', 'status');
    await cluster.create(service, { spec });
    const stored = await cluster.until(service, (object) => conditionOf(object) !== undefined);
    const addresses = addressesOf(stored);
    expect(addresses).toHaveLength(patterns.length);
    patterns.forEach((pattern, index) => expect(addresses[index]).toMatch(pattern));
    expect(stored.status?.loadBalancer?.ingress?.every(({ ipMode }) => ipMode === 'VIP')).toBe(true);
    expect(conditionOf(stored)).toMatchObject({ status: 'True', reason: 'Allocated' });
    expect(stored.metadata.annotations?.[ALLOCATOR_ANNOTATIONS.allocatedFrom]).toBe('default');
    const event = await cluster.untilEvent(service, EVENT_REASONS.addressAssigned);
    expect(event.note).toContain(addresses[0]);
    expect((await cluster.requests('PATCH', 'services', 'status')) - patches).toBe(1);
    expect(await cluster.eventsOf(service)).toHaveLength(1);
  });

  it('gets the address that it asks for, by annotation or by loadBalancerIP', async () => {
    await cluster.create('by-annotation', {
      annotations: { [SERVICE_ANNOTATIONS.addresses]: '192.0.2.17, 2001:db8::17' },
      spec: DUAL,
    });
    await cluster.create('by-field', { spec: { loadBalancerIP: '192.0.2.18' } });
    await cluster.untilAddresses('by-annotation', ['192.0.2.17', '2001:db8::17']);
    await cluster.untilAddresses('by-field', ['192.0.2.18']);
    const event = await cluster.untilEvent('by-field', EVENT_REASONS.loadBalancerIPDeprecated);
    expect(event.note).toContain(SERVICE_ANNOTATIONS.addresses);
  });

  it('is told in condition, annotation and event why it gets none, in the same words, and recovers', async () => {
    await cluster.create('holder', { annotations: { [SERVICE_ANNOTATIONS.serviceGroup]: 'one' } });
    await cluster.untilAddresses('holder', ['198.51.100.1']);
    await cluster.create('waiter', { annotations: { [SERVICE_ANNOTATIONS.serviceGroup]: 'one' } });
    const refused = await cluster.untilRefused('waiter', 'PoolExhausted');
    const sentence = conditionOf(refused)?.message;
    expect(sentence).toContain('ServiceGroup one');
    expect(conditionOf(refused)?.status).toBe('False');
    expect(refused.metadata.annotations?.[ALLOCATOR_ANNOTATIONS.reason]).toBe(sentence);
    const event = await cluster.untilEvent('waiter', EVENT_REASONS.allocationFailed);
    expect(event.note).toBe(`PoolExhausted: ${sentence}`);
    await cluster.delete('holder');
    const served = await cluster.untilAddresses('waiter', ['198.51.100.1']);
    expect(served.metadata.annotations?.[ALLOCATOR_ANNOTATIONS.reason]).toBeUndefined();
  });

  it('has a status put back that somebody wiped or edited, with the same address', async () => {
    await cluster.create('edited');
    const [address = ''] = addressesOf(await cluster.until('edited', (object) => addressesOf(object).length > 0));
    await cluster.patchStatus('edited', { status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } } });
    await cluster.untilAddresses('edited', [address]);
    await cluster.patchStatus('edited', { status: { loadBalancer: null, conditions: null } });
    await cluster.untilAddresses('edited', [address]);
    const event = await cluster.untilEvent('edited', EVENT_REASONS.statusRestored);
    expect(event.note).toContain(address);
  });

  it('keeps conditions that others have written', async () => {
    await cluster.create('conditions', { annotations: { [SERVICE_ANNOTATIONS.serviceGroup]: 'nowhere' } });
    await cluster.untilRefused('conditions', 'GroupNotFound');
    const stored = await cluster.get('conditions');
    const foreign = {
      type: 'example.com/Ready',
      status: 'True',
      reason: 'Fine',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    await cluster.patchStatus('conditions', {
      status: { conditions: [...(stored.status?.conditions ?? []), foreign] },
    });
    await cluster.patch('conditions', { metadata: { annotations: { [SERVICE_ANNOTATIONS.serviceGroup]: null } } });
    const served = await cluster.until('conditions', (object) => conditionOf(object)?.status === 'True');
    expect(served.status?.conditions?.map(({ type }) => type)).toContain('example.com/Ready');
  });

  it('that waits for a foreign finalizer to go has lost its address already', async () => {
    await cluster.create('dying', { finalizers: ['example.com/hold'] });
    await cluster.until('dying', (object) => addressesOf(object).length > 0);
    await cluster.delete('dying');
    const dying = await cluster.until('dying', (object) => conditionOf(object) === undefined);
    expect([addressesOf(dying), dying.metadata.deletionTimestamp === undefined]).toEqual([[], false]);
    await cluster.patch('dying', { metadata: { finalizers: null } });
  });
});

it('a ServiceGroup that makes no sense says so', async () => {
  await cluster.group('reversed', { pools: [{ range: '203.0.113.90-203.0.113.80' }], assign: { auto: false } });
  const { status } = await cluster.untilGroup('reversed', (group) => (group.status?.conditions?.length ?? 0) > 0);
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  expect(ready).toMatchObject({ status: 'False', reason: 'InvalidRange' });
  expect(ready?.message).toContain('write 203.0.113.80-203.0.113.90');
});
