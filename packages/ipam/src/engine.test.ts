import { Cluster, DUAL, PREFER_DUAL, serviceView } from './test-cluster.ts';
import { conditionText } from './verdict.ts';

const shared = (port: number, more = {}) => ({ sharingKey: 'k', ports: [`TCP/${port}`], ...more });
const SMALL = { ranges: ['192.0.2.1-192.0.2.2'] };
const BOTH = { ranges: ['192.0.2.1-192.0.2.9', '2001:db8::1-2001:db8::9'] };

describe('which address', () => {
  it('is the first of the pool, and a freed one comes back last', () => {
    const cluster = new Cluster({ default: { ranges: ['192.0.2.1-192.0.2.3'] } });
    cluster.put('a');
    cluster.put('b');
    cluster.delete('a');
    cluster.put('c');
    cluster.put('d');
    expect(['b', 'c', 'd'].map((name) => cluster.addresses(name))).toEqual([
      ['192.0.2.2'],
      ['192.0.2.3'],
      ['192.0.2.1'],
    ]);
  });

  it('is the one asked for by annotation, before the one in loadBalancerIP', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('a', { loadBalancerIP: '192.0.2.7' });
    cluster.put('b', { loadBalancerIP: '192.0.2.8', addresses: ' 192.0.2.5 ,, 192.0.2.5' });
    expect([cluster.addresses('a'), cluster.addresses('b')]).toEqual([['192.0.2.7'], ['192.0.2.5']]);
  });

  it('is one of each family, in the order of ipFamilies, the other family from the same group', () => {
    const cluster = new Cluster({ a: { ranges: ['198.51.100.1'] }, default: BOTH });
    cluster.put('s', { ...DUAL, families: ['IPv6', 'IPv4'], addresses: '192.0.2.5' });
    expect(cluster.addresses('s')).toEqual(['2001:db8::1', '192.0.2.5']);
  });

  it('can be asked for in a group that is not assign.auto', () => {
    const cluster = new Cluster({ spare: { ...SMALL, assign: { auto: false } } });
    cluster.put('a', { addresses: '192.0.2.2' });
    cluster.put('b');
    expect(cluster.addresses('a')).toEqual(['192.0.2.2']);
    expect(cluster.token('b')).toBe('NoGroup');
  });

  it('moves when the annotation of a living Service asks for another one, and back home only when asked', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('a');
    cluster.put('a', { addresses: '192.0.2.9' });
    expect(cluster.addresses('a')).toEqual(['192.0.2.9']);
    cluster.put('a', { addresses: '' });
    expect(cluster.addresses('a')).toEqual(['192.0.2.9']);
  });
});

describe('which group', () => {
  it('is the named one, and there is no falling back to another', () => {
    const cluster = new Cluster({ default: BOTH, tiny: { ranges: ['198.51.100.1'] } });
    cluster.put('a', { group: 'tiny' });
    cluster.put('b', { group: 'tiny' });
    cluster.put('c', { group: 'nowhere' });
    expect(cluster.addresses('a')).toEqual(['198.51.100.1']);
    expect(cluster.token('b')).toBe('PoolExhausted');
    expect(cluster.token('c')).toBe('GroupNotFound');
    cluster.group('nowhere', { ranges: ['198.51.100.7'] });
    expect(cluster.addresses('c')).toEqual(['198.51.100.7']);
  });

  it('is one with selectors, then by priority, then by name, and the next one when one is full', () => {
    const cluster = new Cluster({
      b: { ranges: ['192.0.2.1'] },
      a: { ranges: ['192.0.2.2'] },
      first: { ranges: ['192.0.2.3'], assign: { priority: -1 } },
      gold: { ranges: ['192.0.2.4'], assign: { priority: 9, serviceSelector: { matchLabels: { tier: 'gold' } } } },
    });
    const given = ['1', '2', '3', '4'].map((name) => {
      cluster.put(name, { labels: { tier: 'gold' } });
      return cluster.groupOf(name);
    });
    expect(given).toEqual(['gold', 'first', 'a', 'b']);
    cluster.put('5', { labels: { tier: 'gold' } });
    expect(cluster.token('5')).toBe('PoolExhausted');
  });

  it('waits for the labels of a Namespace that has not been read, without a word, and follows when they change', () => {
    const cluster = new Cluster({
      team: { ...SMALL, assign: { namespaceSelector: { matchLabels: { team: 'red' } } } },
    });
    cluster.put('a', { namespace: 'new' });
    expect(cluster.said.size).toBe(0);
    cluster.namespace('new', { team: 'blue' });
    expect(cluster.token('new/a')).toBe('NoGroup');
    cluster.namespace('new', { team: 'red' });
    expect(cluster.addresses('new/a')).toEqual(['192.0.2.1']);
    cluster.namespace('new', { team: 'blue' });
    expect(cluster.addresses('new/a')).toEqual(['192.0.2.1']);
  });

  it('binds by its selectors also those who name it or an address of it', () => {
    const cluster = new Cluster({ gold: { ...SMALL, assign: { serviceSelector: { matchLabels: { tier: 'gold' } } } } });
    cluster.put('a', { group: 'gold' });
    cluster.put('b', { addresses: '192.0.2.1' });
    expect([cluster.token('a'), cluster.token('b')]).toEqual(['NotPermitted', 'NotPermitted']);
    cluster.put('a', { labels: { tier: 'gold' } });
    expect(cluster.addresses('a')).toEqual(['192.0.2.1']);
  });

  it('moves a Service whose annotation comes to name another group, which keeps its address until that has one', () => {
    const cluster = new Cluster({ default: SMALL, other: { ranges: ['198.51.100.1'] } });
    cluster.put('blocker', { group: 'other' });
    cluster.put('a');
    cluster.put('a', { group: 'other' });
    expect(cluster.addresses('a')).toEqual(['192.0.2.1']);
    expect(cluster.token('a')).toBe('PoolExhausted');
    cluster.delete('blocker');
    expect(cluster.addresses('a')).toEqual(['198.51.100.1']);
    expect(cluster.token('a')).toBeUndefined();
  });
});

describe('families', () => {
  it('RequireDualStack is refused by a single-stack group and recovers', () => {
    const cluster = new Cluster({ default: SMALL });
    cluster.put('a', DUAL);
    expect(cluster.token('a')).toBe('FamilyNotInGroup');
    expect(cluster.addresses('a')).toEqual([]);
    cluster.group('default', BOTH);
    expect(cluster.addresses('a')).toEqual(['192.0.2.1', '2001:db8::1']);
  });

  it('PreferDualStack takes a dual-stack group before the others, and else the one of the primary family', () => {
    const cluster = new Cluster({
      a: { ranges: ['192.0.2.1'] },
      b: { ranges: ['2001:db8::1'] },
      z: { ranges: ['198.51.100.1', '2001:db8:1::1'] },
    });
    cluster.put('1', PREFER_DUAL);
    cluster.put('2', { ...PREFER_DUAL, families: ['IPv6', 'IPv4'] });
    cluster.put('3', PREFER_DUAL);
    expect(['1', '2', '3'].map((name) => cluster.addresses(name))).toEqual([
      ['198.51.100.1', '2001:db8:1::1'],
      ['2001:db8::1'],
      ['192.0.2.1'],
    ]);
    expect(cluster.token('2')).toBeUndefined();
  });

  it('PreferDualStack gets its second address later, from its own group, and never leaves it for another', () => {
    const cluster = new Cluster({ a: { ranges: ['192.0.2.1-192.0.2.9'] } });
    cluster.put('s', PREFER_DUAL);
    cluster.group('b', { ranges: ['198.51.100.1', '2001:db8:1::1'] });
    expect(cluster.addresses('s')).toEqual(['192.0.2.1']);
    cluster.group('a', BOTH);
    expect(cluster.addresses('s')).toEqual(['192.0.2.1', '2001:db8::1']);
  });

  it('a family added later adds its address, one taken away frees it, and the first stays', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('s');
    cluster.put('s', DUAL);
    expect(cluster.addresses('s')).toEqual(['192.0.2.1', '2001:db8::1']);
    cluster.put('s', { families: ['IPv4'], policy: 'SingleStack' });
    expect(cluster.addresses('s')).toEqual(['192.0.2.1']);
    expect(cluster.engine.groupStatus('default')).toMatchObject({ allocatedIPv4: '1', allocatedIPv6: '0' });
  });

  it('PreferDualStack does not give up one of its addresses for a group that could give both later', () => {
    const cluster = new Cluster({ a: BOTH, b: { ranges: ['198.51.100.1', '2001:db8:1::1'] } });
    cluster.put('blocker', { group: 'b', families: ['IPv6'] });
    cluster.put('s', { ...PREFER_DUAL, group: 'a' });
    cluster.put('s', { group: 'b' });
    expect(cluster.addresses('s')).toEqual(['192.0.2.1', '2001:db8::1']);
    cluster.delete('blocker');
    expect(cluster.addresses('s')).toEqual(['198.51.100.1', '2001:db8:1::1']);
  });

  it('an address is not taken away because the second family cannot be had', () => {
    const cluster = new Cluster({ default: SMALL });
    cluster.put('s');
    cluster.put('s', DUAL);
    expect(cluster.addresses('s')).toEqual(['192.0.2.1']);
    expect(cluster.token('s')).toBe('FamilyNotInGroup');
  });
});

describe('refusals', () => {
  const cluster = new Cluster({
    default: {
      pools: [
        { range: '192.0.2.0/24', subnet: '192.0.2.0/24', exclude: ['192.0.2.50-192.0.2.59'] },
        { range: '198.51.100.0/24', avoidBuggyIPs: true },
      ],
    },
    other: { ranges: ['203.0.113.1-203.0.113.9'] },
    old: { ranges: ['203.0.113.20-203.0.113.29'], draining: true },
  });
  cluster.put('holder', { addresses: '192.0.2.9' });

  it.each([
    ['InvalidAddress', '192.0.2.01'],
    ['InvalidAddress', '192.0.2.0/24'],
    ['InvalidAddress', '::ffff:192.0.2.1'],
    ['InvalidAddress', 'x'.repeat(100_000)],
    ['TwoOfOneFamily', '192.0.2.1, 192.0.2.2'],
    ['FamilyNotInService', '2001:db8::1'],
    ['AddressNotInAnyGroup', '10.0.0.1'],
    ['AddressExcluded', '192.0.2.50'],
    ['AddressExcluded', '192.0.2.0'],
    ['AddressExcluded', '192.0.2.255'],
    ['AddressExcluded', '198.51.100.0'],
    ['GroupDraining', '203.0.113.20'],
    ['AddressInUse', '192.0.2.9'],
  ])('%s for %.40s', (token, addresses) => {
    cluster.put('a', { addresses });
    expect(cluster.token('a')).toBe(token);
    expect(cluster.sentence('a')?.length).toBeLessThan(400);
  });

  it('AddressNotInGroup where address and group contradict each other, with the old address kept', () => {
    cluster.put('b', { addresses: '203.0.113.1' });
    cluster.put('b', { group: 'default' });
    expect(cluster.token('b')).toBe('AddressNotInGroup');
    expect(cluster.addresses('b')).toEqual(['203.0.113.1']);
  });

  it('AddressInUse names who has it, and ends with the holder', () => {
    cluster.put('c', { addresses: '192.0.2.9' });
    expect(cluster.sentence('c')).toContain('default/holder');
    cluster.delete('a');
    cluster.delete('holder');
    expect(cluster.addresses('c')).toEqual(['192.0.2.9']);
  });
});

describe('sharing', () => {
  it('Services with one key meet on one address, even with room left; an incompatible one gets another', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('a', shared(80));
    cluster.put('b', shared(443));
    cluster.put('c', shared(80));
    cluster.put('d', { ...shared(80), ports: ['UDP/80'] });
    expect(['a', 'b', 'c', 'd'].map((name) => cluster.addresses(name)[0])).toEqual([
      '192.0.2.1',
      '192.0.2.1',
      '192.0.2.2',
      '192.0.2.1',
    ]);
    expect(cluster.engine.groupStatus('default')).toMatchObject({ allocatedIPv4: '2', availableIPv4: '7' });
  });

  it.each([
    ['SharingPortClash', shared(80)],
    ['SharingKeyDiffers', { ...shared(81), sharingKey: 'other' }],
    ['SharingKeyDiffers', { ports: ['TCP/81'] }],
    ['SharingPolicyDiffers', shared(81, { externalTrafficPolicy: 'Local' })],
    ['SharingNamespaceDiffers', shared(81, { namespace: 'elsewhere' })],
  ] as const)('says %s of a requested address, and with whom', (token, input) => {
    const cluster = new Cluster({ default: { ...BOTH, assign: { sharing: 'Namespace' } } });
    cluster.namespace('elsewhere', {});
    cluster.put('a', { ...shared(80), addresses: '192.0.2.5' });
    const name = 'namespace' in input ? 'elsewhere/b' : 'b';
    cluster.put('b', { ...input, addresses: '192.0.2.5' });
    expect(cluster.token(name)).toBe(token);
    expect(cluster.sentence(name)).toContain('default/a');
  });

  it('with externalTrafficPolicy Local needs the same selector', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('a', shared(80, { externalTrafficPolicy: 'Local', selector: '{"app":"x"}' }));
    cluster.put('b', shared(81, { externalTrafficPolicy: 'Local', selector: '{"app":"x"}' }));
    cluster.put('c', shared(82, { externalTrafficPolicy: 'Local', selector: '{"app":"y"}', addresses: '192.0.2.1' }));
    expect(cluster.addresses('b')).toEqual(['192.0.2.1']);
    expect(cluster.token('c')).toBe('SharingSelectorDiffers');
  });

  it('the oldest keeps the address when sharers come to clash, whoever was edited', () => {
    for (const edited of ['old', 'young']) {
      const cluster = new Cluster({ default: BOTH });
      cluster.put('young', shared(443, { createdAt: 2 }));
      cluster.put('old', shared(80, { createdAt: 1 }));
      cluster.put(edited, { ports: ['TCP/80', 'TCP/443'] });
      expect([cluster.addresses('old'), cluster.addresses('young')]).toEqual([['192.0.2.1'], ['192.0.2.2']]);
    }
  });

  it('one who waits joins when a port becomes free, and one who waits meets whoever gets an address', () => {
    const cluster = new Cluster({ default: { ranges: ['192.0.2.1'] } });
    cluster.put('a', shared(80, { createdAt: 1 }));
    cluster.put('b', shared(80, { createdAt: 2 }));
    cluster.put('c', shared(443, { createdAt: 3, sharingKey: 'other' }));
    cluster.put('d', shared(444, { createdAt: 4, sharingKey: 'other' }));
    expect(cluster.token('b')).toBe('PoolExhausted');
    cluster.put('a', { ports: ['TCP/81'] });
    expect(cluster.addresses('b')).toEqual(['192.0.2.1']);
    cluster.delete('a');
    cluster.delete('b');
    expect([cluster.addresses('c'), cluster.addresses('d')]).toEqual([['192.0.2.1'], ['192.0.2.1']]);
  });
});

describe('a full pool', () => {
  it('gives a freed address to the oldest that can use it', () => {
    const cluster = new Cluster({ default: SMALL });
    cluster.put('a', { createdAt: 1 });
    cluster.put('b', { createdAt: 2 });
    cluster.put('young', { createdAt: 9 });
    cluster.put('old', { createdAt: 3 });
    cluster.put('six', { createdAt: 2, families: ['IPv6'] });
    cluster.delete('a');
    expect([cluster.addresses('old'), cluster.addresses('young')]).toEqual([['192.0.2.1'], []]);
    cluster.delete('b');
    expect(cluster.addresses('young')).toEqual(['192.0.2.2']);
  });

  it('waits for both families at once where both are needed, and lets others pass meanwhile', () => {
    const cluster = new Cluster({ default: { ranges: ['192.0.2.1', '2001:db8::1'] } });
    cluster.put('four', { createdAt: 1 });
    cluster.put('six', { createdAt: 2, families: ['IPv6'] });
    cluster.put('dual', { ...DUAL, createdAt: 3 });
    cluster.put('next', { createdAt: 4 });
    cluster.delete('four');
    expect([cluster.addresses('dual'), cluster.addresses('next')]).toEqual([[], ['192.0.2.1']]);
    cluster.delete('next');
    cluster.delete('six');
    expect(cluster.addresses('dual')).toEqual(['192.0.2.1', '2001:db8::1']);
  });

  it('says nothing new about those who go on waiting', () => {
    const cluster = new Cluster({ default: { ranges: ['192.0.2.1'] } });
    cluster.put('a', { createdAt: 1 });
    cluster.put('b', { createdAt: 2 });
    cluster.put('c', { createdAt: 3 });
    cluster.delete('a');
    expect([...cluster.said.keys()]).toEqual(['default/b']);
  });
});

describe('sticky', () => {
  it('adopts what status says after a restart, and says nothing new', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('a', { addresses: '192.0.2.7' });
    cluster.put('b', DUAL);
    cluster.put('a', { addresses: '' });
    const before = new Map(cluster.services);
    cluster.restart();
    expect(cluster.services).toEqual(before);
    expect(cluster.addresses('a')).toEqual(['192.0.2.7']);
    cluster.put('c');
    expect(cluster.addresses('c')).toEqual(['192.0.2.2']);
  });

  it('keeps an address that no pool has any more as an orphan, until it is asked to move', () => {
    const cluster = new Cluster({ default: SMALL });
    cluster.put('a');
    cluster.group('default', { ranges: ['198.51.100.1'] });
    const orphan = { addresses: ['192.0.2.1'], group: 'default', orphaned: ['192.0.2.1'] };
    expect(cluster.said.get('default/a')).toMatchObject(orphan);
    cluster.restart();
    expect(cluster.said.get('default/a')).toMatchObject(orphan);
    cluster.group('default', undefined);
    expect(cluster.addresses('a')).toEqual(['192.0.2.1']);
    cluster.group('new', { ranges: ['198.51.100.1'] });
    cluster.put('a', { reallocate: true });
    expect(cluster.said.get('default/a')).toMatchObject({ addresses: ['198.51.100.1'], group: 'new', moved: true });
    expect(cluster.services.get('default/a')?.reallocate).toBe(false);
  });

  it('names the one that is an orphan where the other family still has its pool', () => {
    const cluster = new Cluster({ default: { ranges: ['192.0.2.1', '2001:db8::1'] } });
    cluster.put('a', DUAL);
    cluster.group('default', { ranges: ['2001:db8::1'] });
    const said = cluster.said.get('default/a');
    expect(said).toMatchObject({ addresses: ['192.0.2.1', '2001:db8::1'], orphaned: ['192.0.2.1'] });
    expect(said?.kind === 'allocated' && conditionText(said).message).toMatch(/^192\.0\.2\.1: no pool/);
  });

  it('moves once for an annotation that is still there in the next event', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('a');
    cluster.put('a', { reallocate: true });
    cluster.put('a', { reallocate: true, labels: { edited: 'yes' } });
    expect(cluster.addresses('a')).toEqual(['192.0.2.2']);
  });

  it('follows a pool to its new group, but not where the Service names the old one', () => {
    const cluster = new Cluster({ first: SMALL });
    cluster.put('a');
    cluster.put('b', { group: 'first' });
    cluster.group('first', undefined);
    cluster.group('second', SMALL);
    expect([cluster.groupOf('a'), cluster.groupOf('b')]).toEqual(['second', 'first']);
    expect([cluster.addresses('b'), cluster.token('b')]).toEqual([['192.0.2.2'], undefined]);
  });

  it('leaves those who have addresses alone when their group starts to drain, excludes them or selects others', () => {
    const cluster = new Cluster({ default: SMALL });
    cluster.put('a');
    cluster.group('default', {
      pools: [{ range: '192.0.2.1-192.0.2.2', exclude: ['192.0.2.1'] }],
      draining: true,
      assign: { serviceSelector: { matchLabels: { tier: 'gold' } } },
    });
    expect(cluster.addresses('a')).toEqual(['192.0.2.1']);
    expect(cluster.engine.groupStatus('default')).toMatchObject({ allocatedIPv4: '1', availableIPv4: '0' });
    cluster.restart();
    expect(cluster.addresses('a')).toEqual(['192.0.2.1']);
  });

  it('lets the older keep an address that two claim after a restart', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('young', { createdAt: 2, addresses: '192.0.2.5' });
    cluster.put('young', { addresses: '' });
    const claim = { addresses: ['192.0.2.5'], wellFormed: true };
    cluster.services.set('default/old', serviceView('old', { createdAt: 1, observed: claim }));
    cluster.restart();
    expect([cluster.addresses('old'), cluster.addresses('young')]).toEqual([['192.0.2.5'], ['192.0.2.1']]);
  });

  it('lets go of everything when a Service stops being ours', () => {
    const cluster = new Cluster({ default: { ranges: ['192.0.2.1'] } });
    cluster.put('a');
    cluster.put('b', { createdAt: 2 });
    cluster.put('a', { role: 'leaving' });
    expect(cluster.said.get('default/a')).toEqual({ kind: 'cleared' });
    expect(cluster.addresses('b')).toEqual(['192.0.2.1']);
  });

  it('takes a Service that was deleted and made anew in a gap for a new one', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('a');
    cluster.put('a', { uid: 'another', observed: { addresses: [], wellFormed: true } });
    expect(cluster.addresses('a')).toEqual(['192.0.2.2']);
  });
});

describe('groups', () => {
  it('the older of two that overlap has the range; the other says so, and gives its other pools', () => {
    const cluster = new Cluster({
      young: { ranges: ['192.0.2.5-192.0.2.20', '198.51.100.1'], createdAt: 2 },
      old: { ranges: ['192.0.2.1-192.0.2.9'], createdAt: 1 },
    });
    expect(cluster.engine.groupStatus('young')?.conditions[0]).toMatchObject({ status: 'False', reason: 'Overlap' });
    expect(cluster.engine.groupStatus('young')?.conditions[0]?.message).toContain('ServiceGroup old');
    expect(cluster.engine.groupStatus('old')?.conditions[0]).toMatchObject({ status: 'True', reason: 'Valid' });
    cluster.put('a', { group: 'young' });
    expect(cluster.addresses('a')).toEqual(['198.51.100.1']);
    cluster.group('old', undefined);
    expect(cluster.engine.groupStatus('young')).toMatchObject({ availableIPv4: '16', allocatedIPv4: '1' });
  });

  it('one that makes no sense says so, refuses those who name it, and does not disturb the others', () => {
    const cluster = new Cluster({ bad: { ranges: ['192.0.2.9-192.0.2.1'] }, good: SMALL });
    expect(cluster.engine.groupStatus('bad')?.conditions[0]).toMatchObject({ status: 'False', reason: 'InvalidRange' });
    cluster.put('a', { group: 'bad' });
    cluster.put('b');
    expect([cluster.token('a'), cluster.groupOf('b')]).toEqual(['GroupNotReady', 'good']);
  });

  it('a /32 of IPv6 counts and gives like any other', () => {
    const cluster = new Cluster({ vast: { ranges: ['2001:db8::/32'] } });
    cluster.put('a', { families: ['IPv6'] });
    expect(cluster.addresses('a')).toEqual(['2001:db8::']);
    expect(cluster.engine.groupStatus('vast')?.availableIPv6).toBe(((1n << 96n) - 1n).toString());
  });
});
