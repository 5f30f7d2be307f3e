import { ALLOCATOR_ANNOTATIONS, SERVICE_ANNOTATIONS } from '@fairlead/api';
import type { ServiceGroupManifest } from '@fairlead/api';
import { addressesOf, conditionOf } from '../cluster.ts';
import { annotate, from, useAssignment } from './harness.ts';

const suite = useAssignment();

type Assign = ServiceGroupManifest['spec']['assign'];

/** A group that serves who names none, of those that its selectors select. */
async function automatic(name: string, ranges: readonly string[], assign: Assign = {}): Promise<void> {
  await suite.now.group(name, ranges, { assign });
}

/** Selects the Services of one namespace. */
function only(namespace: string): Assign {
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } };
}

/** Selects the Services of namespaces of a tier. */
function labelled(tier: string): Assign {
  return { namespaceSelector: { matchLabels: { tier } } };
}

async function groupOf(key: string): Promise<string | undefined> {
  return (await suite.now.served(key)).metadata.annotations?.[ALLOCATOR_ANNOTATIONS.allocatedFrom];
}

describe('the group of a Service', () => {
  it('is chosen by its namespace', async () => {
    const { cluster } = suite.now;
    await Promise.all(['red', 'blue'].map((name) => cluster.namespace(name)));
    await automatic('red', ['10.1.1.0/24'], only('red'));
    await automatic('blue', ['10.1.2.0/24'], only('blue'));
    await cluster.create('red/web');
    await cluster.create('blue/web');
    expect([await groupOf('red/web'), await groupOf('blue/web')]).toEqual(['red', 'blue']);
  });

  it('is chosen by labels of its namespace, changed while it waits, and kept when they go', async () => {
    const { cluster } = suite.now;
    await automatic('gold', ['10.2.0.0/24'], labelled('gold'));
    await automatic('tin', ['10.2.1.0/24'], { ...labelled('tin'), auto: false });
    await cluster.namespace('team', { tier: 'tin' });
    await cluster.create('team/web');
    const refused = await cluster.untilRefused('team/web', 'NoGroup');
    expect(conditionOf(refused)?.message).toContain('selects this Service');
    await cluster.namespace('team', { tier: 'gold' });
    const { address } = await suite.now.served('team/web');
    expect(address).toMatch(/^10\.2\.0\./);
    await cluster.create('team/tin', from('tin'));
    await cluster.untilRefused('team/tin', 'NotPermitted');
    await cluster.namespace('team', { tier: 'tin' });
    await suite.now.served('team/tin');
    await cluster.create('team/late');
    await cluster.untilRefused('team/late', 'NoGroup');
    await cluster.untilAddresses('team/web', [address]);
  });

  it('is chosen by its own labels, changed while it waits, and kept when they go', async () => {
    const { cluster } = suite.now;
    await automatic('edge', ['10.3.0.0/24'], { serviceSelector: { matchLabels: { exposed: 'edge' } } });
    await cluster.create('labelled');
    await cluster.untilRefused('labelled', 'NoGroup');
    await cluster.patch('labelled', { metadata: { labels: { exposed: 'edge' } } });
    const { address } = await suite.now.served('labelled');
    await cluster.patch('labelled', { metadata: { labels: { exposed: null } } });
    await suite.now.caughtUp();
    await cluster.untilAddresses('labelled', [address]);
    expect(await groupOf('labelled')).toBe('edge');
  });

  it('follows selectors that change on the group, for those that wait alone', async () => {
    const { cluster } = suite.now;
    await Promise.all(['before', 'after'].map((name) => cluster.namespace(name)));
    await automatic('moving', ['10.4.0.0/24'], only('before'));
    await cluster.create('before/web');
    const { address } = await suite.now.served('before/web');
    await cluster.create('after/web');
    await cluster.untilRefused('after/web', 'NoGroup');
    await suite.now.editGroup('moving', { assign: only('after') });
    expect((await suite.now.served('after/web')).address).toMatch(/^10\.4\.0\./);
    await cluster.create('before/late');
    await cluster.untilRefused('before/late', 'NoGroup');
    await cluster.untilAddresses('before/web', [address]);
  });

  it('is by priority, then the next one when it is full, and a freed address of the first is for the next to come', async () => {
    const { cluster } = suite.now;
    await cluster.namespace('ranked');
    await automatic('z-first', ['10.5.0.1'], { ...only('ranked'), priority: 1 });
    await automatic('m-second', ['10.5.0.2'], { ...only('ranked'), priority: 2 });
    await automatic('a-third', ['10.5.0.3'], { ...only('ranked'), priority: 3 });
    const names = ['ranked/one', 'ranked/two', 'ranked/three'];
    for (const name of names) {
      await cluster.create(name);
      await suite.now.served(name);
    }
    expect(await Promise.all(names.map((name) => groupOf(name)))).toEqual(['z-first', 'm-second', 'a-third']);
    await cluster.create('ranked/four');
    const refused = await cluster.untilRefused('ranked/four', 'PoolExhausted');
    expect(conditionOf(refused)?.message).toContain('z-first, m-second and a-third');
    await cluster.delete('ranked/one');
    await cluster.untilAddresses('ranked/four', ['10.5.0.1']);
    await cluster.untilAddresses('ranked/two', ['10.5.0.2']);
  });

  it('follows a priority that changes, and nobody moves', async () => {
    const { cluster } = suite.now;
    await cluster.namespace('reranked');
    await automatic('alpha', ['10.6.1.0/24'], { ...only('reranked'), priority: 1 });
    await automatic('beta', ['10.6.2.0/24'], { ...only('reranked'), priority: 2 });
    await cluster.create('reranked/early');
    const { address } = await suite.now.served('reranked/early');
    await suite.now.editGroup('alpha', { assign: { priority: 3 } });
    await suite.now.untilGroupSays('alpha', { status: 'True' });
    await cluster.create('reranked/late');
    expect(await groupOf('reranked/late')).toBe('beta');
    await cluster.untilAddresses('reranked/early', [address]);
    expect(address).toMatch(/^10\.6\.1\./);
  });

  it('is one with selectors before one without, whatever their priorities', async () => {
    const { cluster } = suite.now;
    await cluster.namespace('special');
    await automatic('everybody', ['10.7.1.0/24'], { priority: -100 });
    await automatic('special', ['10.7.2.0/24'], { ...only('special'), priority: 100 });
    await cluster.create('special/web');
    await cluster.create('ordinary');
    expect([await groupOf('special/web'), await groupOf('ordinary')]).toEqual(['special', 'everybody']);
    await suite.now.deleteGroup('everybody');
    await cluster.until('ordinary', (object) => conditionOf(object)?.reason === 'Orphaned');
  });

  it('is none that does not serve by itself, until it does', async () => {
    const { cluster } = suite.now;
    await cluster.namespace('asked');
    await automatic('on-demand', ['10.8.0.0/24'], { ...only('asked'), auto: false });
    await cluster.create('asked/web');
    await cluster.untilRefused('asked/web', 'NoGroup');
    await suite.now.editGroup('on-demand', { assign: { auto: true } });
    expect(await groupOf('asked/web')).toBe('on-demand');
  });
});

describe('a Service that names its group', () => {
  it('moves when it names another one, stays when it names none any more, and keeps its address while that one is missing', async () => {
    const { cluster } = suite.now;
    await suite.now.group('here', ['10.10.1.0/24']);
    await suite.now.group('there', ['10.10.2.0/24']);
    await cluster.create('traveller', from('here'));
    const { address } = await suite.now.served('traveller');
    await cluster.patch('traveller', annotate({ [SERVICE_ANNOTATIONS.serviceGroup]: 'nowhere' }));
    const refused = await cluster.untilRefused('traveller', 'GroupNotFound');
    expect([addressesOf(refused), conditionOf(refused)?.message]).toEqual([
      [address],
      expect.stringContaining('There is no ServiceGroup "nowhere"'),
    ]);
    await cluster.patch('traveller', annotate({ [SERVICE_ANNOTATIONS.serviceGroup]: 'there' }));
    const moved = await cluster.until('traveller', (object) => addressesOf(object)[0]?.startsWith('10.10.2.') === true);
    await cluster.patch('traveller', annotate({ [SERVICE_ANNOTATIONS.serviceGroup]: null }));
    await suite.now.caughtUp();
    await cluster.untilAddresses('traveller', addressesOf(moved));
  });

  it('gets the group once it is made', async () => {
    const { cluster } = suite.now;
    await cluster.create('early', from('made-later'));
    await cluster.untilRefused('early', 'GroupNotFound');
    await suite.now.group('made-later', ['10.11.0.1']);
    expect((await suite.now.served('early')).address).toBe('10.11.0.1');
  });

  it('is refused by one that does not select it, also where it asks for an address of it, until it does', async () => {
    const { cluster } = suite.now;
    await suite.now.group('private', ['10.12.0.1-10.12.0.2'], { assign: { auto: false, ...only('shop') } });
    await cluster.create('intruder', from('private'));
    const refused = await cluster.untilRefused('intruder', 'NotPermitted');
    expect(conditionOf(refused)?.message).toContain('ServiceGroup private does not select this Service');
    await cluster.create('burglar', { annotations: { [SERVICE_ANNOTATIONS.addresses]: '10.12.0.2' } });
    await cluster.untilRefused('burglar', 'NotPermitted');
    await suite.now.editGroup('private', { assign: only('default') });
    await cluster.untilAddresses('burglar', ['10.12.0.2']);
    await cluster.untilAddresses('intruder', ['10.12.0.1']);
  });
});
