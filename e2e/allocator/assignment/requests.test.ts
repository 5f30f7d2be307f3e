import { ALLOCATOR_ANNOTATIONS, EVENT_REASONS, SERVICE_ANNOTATIONS } from '@fairlead/api';
import { addressesOf, conditionOf, untilReady } from '../cluster.ts';
import { annotate, from, useAssignment } from './harness.ts';

const suite = useAssignment();

/** The annotation by which a Service asks for addresses. */
function asks(addresses: string): { readonly annotations: Readonly<Record<string, string>> } {
  return { annotations: { [SERVICE_ANNOTATIONS.addresses]: addresses } };
}

describe('spec.loadBalancerIP', () => {
  it('is honoured, with exactly one event, over edits and a restart', async () => {
    const { cluster, allocator } = suite.now;
    await suite.now.group('legacy', ['10.1.0.0/24']);
    await cluster.create('legacy', from('legacy', { spec: { loadBalancerIP: '10.1.0.99' } }));
    await cluster.untilAddresses('legacy', ['10.1.0.99']);
    const event = await cluster.untilEvent('legacy', EVENT_REASONS.loadBalancerIPDeprecated);
    expect(event.note).toContain(SERVICE_ANNOTATIONS.addresses);
    await cluster.patch('legacy', { metadata: { labels: { edited: 'yes' } }, spec: { ports: [{ port: 8080 }] } });
    await allocator.process.restart();
    await untilReady(allocator);
    await suite.now.caughtUp();
    await cluster.untilAddresses('legacy', ['10.1.0.99']);
    const events = await cluster.eventsOf('legacy');
    expect(events.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining([EVENT_REASONS.addressAssigned, EVENT_REASONS.loadBalancerIPDeprecated]),
    );
    expect([events.length, events.filter(({ series }) => series !== undefined)]).toEqual([2, []]);
  });

  it('gives way to the annotation', async () => {
    const { cluster } = suite.now;
    await suite.now.group('two-wishes', ['10.2.0.0/24']);
    await cluster.create('two-wishes', { ...asks('10.2.0.7'), spec: { loadBalancerIP: '10.2.0.8' } });
    expect((await suite.now.served('two-wishes')).address).toBe('10.2.0.7');
    expect((await cluster.eventsOf('two-wishes')).map(({ reason }) => reason)).not.toContain(
      EVENT_REASONS.loadBalancerIPDeprecated,
    );
  });
});

describe('a requested address', () => {
  it('is waited for with the old one kept, moved to when it is freed, and kept when the wish is taken back', async () => {
    const { cluster } = suite.now;
    await suite.now.group('wanted', ['10.3.0.0/24']);
    await cluster.create('has-it', asks('10.3.0.50'));
    await cluster.untilAddresses('has-it', ['10.3.0.50']);
    await cluster.create('wants-it', from('wanted'));
    const { address } = await suite.now.served('wants-it');
    await cluster.patch('wants-it', { metadata: asks('10.3.0.50') });
    const waiting = await cluster.untilRefused('wants-it', 'AddressInUse');
    expect(addressesOf(waiting)).toEqual([address]);
    expect(conditionOf(waiting)?.message).toMatch(/^10\.3\.0\.50: Service default\/has-it has it/);
    await cluster.delete('has-it');
    await cluster.untilAddresses('wants-it', ['10.3.0.50']);
    await cluster.patch('wants-it', annotate({ [SERVICE_ANNOTATIONS.addresses]: null }));
    await suite.now.caughtUp();
    await cluster.untilAddresses('wants-it', ['10.3.0.50']);
  });

  it.each([
    ['10.4.0.1,10.4.0.2', 'TwoOfOneFamily', '10.4.0.1 and 10.4.0.2'],
    ['2001:db8::1', 'FamilyNotInService', 'IPv4 only'],
    ['10.99.99.99', 'AddressNotInAnyGroup', 'No ServiceGroup has 10.99.99.99'],
    ['10.5.0.1', 'AddressNotInGroup', '10.5.0.1 is in ServiceGroup elsewhere'],
    ['10.4.0.9', 'AddressExcluded', 'never hands out 10.4.0.9'],
    ['10.4.0.255', 'AddressExcluded', 'never hands out 10.4.0.255'],
    ['10.4.0.01', 'InvalidAddress', 'fairlead.dev/addresses cannot be read'],
    ['::ffff:10.4.0.1', 'InvalidAddress', 'fairlead.dev/addresses cannot be read'],
    ['10.4.0.0/30', 'InvalidAddress', 'fairlead.dev/addresses cannot be read'],
    ['web.example.com', 'InvalidAddress', 'fairlead.dev/addresses cannot be read'],
  ])('%s is refused as %s, in a sentence, and another one is given', async (addresses, token, words) => {
    const { cluster } = suite.now;
    const pool = { range: '10.4.0.0/24', subnet: '10.4.0.0/24', exclude: ['10.4.0.9'] };
    await cluster.group('strict', { pools: [pool], assign: { auto: false } });
    await suite.now.group('elsewhere', ['10.5.0.0/24']);
    await cluster.create('asks', from('strict', asks(addresses)));
    const refused = await cluster.untilRefused('asks', token);
    expect([addressesOf(refused), conditionOf(refused)?.message]).toEqual([[], expect.stringContaining(words)]);
    expect(refused.metadata.annotations?.[ALLOCATOR_ANNOTATIONS.reason]).toBe(conditionOf(refused)?.message);
    await cluster.patch('asks', { metadata: asks(' 10.4.0.5 ,, 10.4.0.5,') });
    await cluster.untilAddresses('asks', ['10.4.0.5']);
    await cluster.delete('asks');
  });
});

describe('a Service of another class', () => {
  it('is not written and has no event, all its life', async () => {
    const { cluster } = suite.now;
    await suite.now.group('ours', ['10.6.0.0/24'], { assign: { auto: true } });
    const wishes = { ...asks('10.6.0.1').annotations, [SERVICE_ANNOTATIONS.reallocate]: 'true' };
    const created = [
      await cluster.create(
        'foreign',
        from('ours', { annotations: wishes, spec: { loadBalancerClass: 'example.com/lb' } }),
      ),
      await cluster.create('classless', from('ours', { annotations: wishes, spec: { loadBalancerClass: undefined } })),
      await cluster.create(
        'internal',
        from('ours', { annotations: wishes, spec: { type: 'ClusterIP', loadBalancerClass: undefined } }),
      ),
    ];
    const names = created.map(({ metadata }) => metadata.name);
    const versions = async () =>
      (await Promise.all(names.map((name) => cluster.get(name)))).map(({ metadata }) => metadata.resourceVersion);
    const writes = async () => [
      await cluster.requests('PATCH', 'services'),
      await cluster.requests('PATCH', 'services', 'status'),
    ];
    const quiet = async (): Promise<void> => {
      const [before, counted] = [await versions(), await writes()];
      await suite.now.caughtUp();
      expect(await versions()).toEqual(before);
      expect(await writes()).toEqual([counted[0], (counted[1] ?? 0) + 1]); // the one that shows that all was seen
    };
    await quiet();
    for (const name of names.slice(0, 2)) {
      await cluster.patchStatus(name, { status: { loadBalancer: { ingress: [{ ip: '10.6.0.1' }] } } });
    }
    await quiet();
    await cluster.patch('foreign', { metadata: { labels: { edited: 'yes' } }, spec: { ports: [{ port: 81 }] } });
    await suite.now.editGroup('ours', { draining: true });
    await suite.now.editGroup('ours', { draining: false });
    await quiet();
    await cluster.create('takes-it', asks('10.6.0.1'));
    await cluster.untilAddresses('takes-it', ['10.6.0.1']);
    await cluster.patch('classless', { spec: { type: 'ClusterIP' } });
    await quiet();
    await cluster.delete(...names);
    await suite.now.caughtUp();
    expect(await Promise.all(names.map((name) => cluster.eventsOf(name)))).toEqual([[], [], []]);
  });
});
