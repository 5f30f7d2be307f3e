import { Cluster, DUAL, serviceView } from './test-cluster.ts';

/** A Service whose status says these addresses. */
const says = (...addresses: string[]) => ({ observed: { addresses, wellFormed: true } });

const SMALL = { ranges: ['192.0.2.1-192.0.2.2'] };

describe('an edit of a group', () => {
  it('that splits a range moves nobody, and what was freed goes on resting', () => {
    const cluster = new Cluster({ default: { ranges: ['192.0.2.1-192.0.2.6'] } });
    for (const name of ['a', 'b', 'c', 'd']) {
      cluster.put(name);
    }
    cluster.delete('b');
    cluster.group('default', { ranges: ['192.0.2.1-192.0.2.3', '192.0.2.4-192.0.2.6'] });
    expect(['a', 'c', 'd'].map((name) => cluster.addresses(name)[0])).toEqual(['192.0.2.1', '192.0.2.3', '192.0.2.4']);
    expect(cluster.engine.groupStatus('default')).toMatchObject({ allocatedIPv4: '3', availableIPv4: '3' });
    for (const name of ['e', 'f', 'g']) {
      cluster.put(name);
    }
    expect(['e', 'f', 'g'].map((name) => cluster.addresses(name)[0])).toEqual(['192.0.2.5', '192.0.2.6', '192.0.2.2']);
  });

  it('that excludes everything leaves what is in use, and gives nothing', () => {
    const cluster = new Cluster({ default: SMALL });
    cluster.put('a');
    cluster.group('default', { pools: [{ range: '192.0.2.1-192.0.2.2', exclude: ['192.0.2.1', '192.0.2.2'] }] });
    cluster.put('b');
    expect([cluster.addresses('a'), cluster.token('b')]).toEqual([['192.0.2.1'], 'PoolExhausted']);
    expect(cluster.engine.groupStatus('default')).toMatchObject({ allocatedIPv4: '1', availableIPv4: '0' });
    cluster.delete('a');
    expect(cluster.addresses('b')).toEqual([]);
    cluster.group('default', SMALL);
    expect(cluster.addresses('b')).toHaveLength(1);
  });

  it('that lets a range grow serves those in line, the oldest first', () => {
    const cluster = new Cluster({ default: { ranges: ['192.0.2.1'] } });
    cluster.put('a', { createdAt: 1 });
    cluster.put('young', { createdAt: 3 });
    cluster.put('old', { createdAt: 2 });
    cluster.group('default', SMALL);
    expect([cluster.addresses('old'), cluster.addresses('young')]).toEqual([['192.0.2.2'], []]);
  });

  it('a new name for a group: Services follow their pool, those that named the old one stay as they are', () => {
    const cluster = new Cluster({ before: SMALL });
    cluster.put('a');
    cluster.put('b', { group: 'before' });
    cluster.group('after', { ...SMALL, createdAt: 5 });
    expect(cluster.engine.groupStatus('after')?.conditions[0]).toMatchObject({ reason: 'Overlap' });
    cluster.group('before', undefined);
    expect([cluster.groupOf('a'), cluster.groupOf('b')]).toEqual(['after', 'before']);
    expect(cluster.engine.groupStatus('after')).toMatchObject({ allocatedIPv4: '2', availableIPv4: '0' });
    cluster.restart();
    expect([cluster.groupOf('a'), cluster.groupOf('b'), cluster.token('b')]).toEqual(['after', 'before', undefined]);
  });

  it('an overlap that ends gives the younger group its range, and those who wait for it their addresses', () => {
    const cluster = new Cluster({ old: { ...SMALL, createdAt: 1 }, young: { ...SMALL, createdAt: 2 } });
    cluster.put('a', { group: 'young' });
    expect(cluster.token('a')).toBe('GroupNotReady');
    cluster.group('old', { ranges: ['192.0.2.2'], createdAt: 1 });
    expect(cluster.token('a')).toBe('GroupNotReady');
    cluster.group('young', { ranges: ['192.0.2.1'], createdAt: 2 });
    expect(cluster.addresses('a')).toEqual(['192.0.2.1']);
  });

  it('an older group that comes to overlap takes the range over; addresses in use stay', () => {
    const cluster = new Cluster({ young: { ...SMALL, createdAt: 2 } });
    cluster.put('a');
    cluster.group('old', { ranges: ['192.0.2.0/24'], createdAt: 1 });
    expect([cluster.addresses('a'), cluster.groupOf('a')]).toEqual([['192.0.2.1'], 'old']);
    expect(cluster.engine.groupStatus('young')).toMatchObject({ allocatedIPv4: '0', availableIPv4: '0' });
    expect(cluster.engine.groupStatus('old')).toMatchObject({ allocatedIPv4: '1', availableIPv4: '255' });
  });

  it('of two groups made in the same second, the first by name has the range', () => {
    const cluster = new Cluster({ b: SMALL, a: SMALL });
    expect(cluster.engine.groupStatus('a')?.conditions[0]).toMatchObject({ reason: 'Valid' });
    expect(cluster.engine.groupStatus('b')?.conditions[0]).toMatchObject({ reason: 'Overlap' });
  });

  it('a second family of an orphan says which group is gone', () => {
    const cluster = new Cluster({ default: SMALL });
    cluster.put('a');
    cluster.group('default', undefined);
    cluster.put('a', DUAL);
    expect([cluster.addresses('a'), cluster.token('a')]).toEqual([['192.0.2.1'], 'GroupNotFound']);
    expect(cluster.sentence('a')).toMatch(/"default" any more.*fairlead.dev\/reallocate/);
  });
});

describe('small pools', () => {
  it.each([
    ['192.0.2.0/31', '192.0.2.0/31', ['192.0.2.0', '192.0.2.1']],
    ['192.0.2.7/32', '192.0.2.7/32', ['192.0.2.7']],
    ['192.0.2.7', undefined, ['192.0.2.7']],
    ['192.0.2.0/30', '192.0.2.0/30', ['192.0.2.1', '192.0.2.2']],
    ['192.0.2.0/31', '192.0.2.0/24', ['192.0.2.1']],
    ['192.0.2.0/31', undefined, ['192.0.2.0', '192.0.2.1']],
    ['2001:db8::/127', '2001:db8::/127', ['2001:db8::', '2001:db8::1']],
    ['2001:db8::/127', '2001:db8::/64', ['2001:db8::1']],
    ['2001:db8::5/128', '2001:db8::5/128', ['2001:db8::5']],
    ['2001:db8::/126', undefined, ['2001:db8::', '2001:db8::1', '2001:db8::2', '2001:db8::3']],
  ])('%s in the subnet %s gives these and no more', (range, subnet, addresses) => {
    const cluster = new Cluster({ default: { pools: [{ range, ...(subnet !== undefined && { subnet }) }] } });
    const families = range.includes(':') ? (['IPv6'] as const) : (['IPv4'] as const);
    const given = Array.from({ length: addresses.length + 1 }, (_, index) => {
      cluster.put(`s${index}`, { families });
      return cluster.addresses(`s${index}`);
    });
    expect(given).toEqual([...addresses.map((address) => [address]), []]);
    expect(cluster.token(`s${addresses.length}`)).toBe('PoolExhausted');
  });

  it('skip .0 and .255 where avoidBuggyIPs says so, also for those who ask for one', () => {
    const cluster = new Cluster({ default: { pools: [{ range: '192.0.2.254-192.0.3.1', avoidBuggyIPs: true }] } });
    const given = ['a', 'b', 'c'].map((name) => {
      cluster.put(name);
      return cluster.addresses(name);
    });
    expect(given).toEqual([['192.0.2.254'], ['192.0.3.1'], []]);
    cluster.put('d', { addresses: '192.0.2.255' });
    expect(cluster.token('d')).toBe('AddressExcluded');
  });
});

describe('a start', () => {
  it('takes the address for one that was never given where its status was wiped by hand', () => {
    const cluster = new Cluster({ default: SMALL });
    cluster.put('a');
    cluster.put('b');
    cluster.services.set('default/b', serviceView('b', { createdAt: 2 }));
    cluster.services.set('default/c', serviceView('c', { createdAt: 1 }));
    cluster.restart();
    expect(['a', 'b', 'c'].map((name) => cluster.addresses(name))).toEqual([['192.0.2.1'], [], ['192.0.2.2']]);
  });

  it('adopts an address of ours that was written by hand, and passes over what is none', () => {
    const cluster = new Cluster({ default: SMALL });
    cluster.services.set('default/a', serviceView('a', says('192.0.2.2')));
    cluster.services.set('default/b', serviceView('b', says('rubbish', '2001:db8::1')));
    cluster.restart();
    expect([cluster.addresses('a'), cluster.addresses('b')]).toEqual([['192.0.2.2'], ['192.0.2.1']]);
  });

  it('keeps an orphan without a record for a Service that names a group, until it is asked to move', () => {
    const cluster = new Cluster({ default: SMALL });
    const observed = { addresses: ['203.0.113.9'], wellFormed: true };
    cluster.services.set('default/a', serviceView('a', { group: 'default', observed }));
    cluster.restart();
    expect(cluster.addresses('a')).toEqual(['203.0.113.9']);
    expect(cluster.services.get('default/a')?.observed.condition?.reason).toBe('Orphaned');
    cluster.put('a', { reallocate: true });
    expect(cluster.addresses('a')).toEqual(['192.0.2.1']);
  });

  it('serves who waits for the labels of a Namespace as soon as they are known, and says so where something stood', () => {
    const cluster = new Cluster({ red: { ...SMALL, assign: { namespaceSelector: { matchLabels: { team: 'red' } } } } });
    cluster.put('a', { namespace: 'far', observed: { addresses: ['not-ours'], wellFormed: false } });
    expect(cluster.token('far/a')).toBe('NamespaceUnknown');
    cluster.namespace('far', { team: 'blue' });
    expect(cluster.token('far/a')).toBe('NoGroup');
    cluster.namespace('far', undefined);
    expect(cluster.token('far/a')).toBe('NamespaceUnknown');
    cluster.namespace('far', { team: 'red' });
    expect(cluster.addresses('far/a')).toEqual(['192.0.2.1']);
  });
});
