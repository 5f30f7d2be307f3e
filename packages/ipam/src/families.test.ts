import type { ServiceView } from './service.ts';
import { Cluster, DUAL, PREFER_DUAL } from './test-cluster.ts';

type Families = Pick<ServiceView, 'families' | 'policy'>;

const FOUR: Families = { families: ['IPv4'], policy: 'SingleStack' };
const SIX: Families = { families: ['IPv6'], policy: 'SingleStack' };
const DUAL_SIX: Families = { families: ['IPv6', 'IPv4'], policy: 'RequireDualStack' };
const PREFER_SIX: Families = { families: ['IPv6', 'IPv4'], policy: 'PreferDualStack' };

const BOTH = { ranges: ['192.0.2.1-192.0.2.9', '2001:db8::1-2001:db8::9'] };
const ONLY_FOUR = { ranges: ['192.0.2.1-192.0.2.9'] };

describe('a change of families, in a group that has both', () => {
  it.each([
    ['SingleStack', FOUR, 'RequireDualStack', DUAL, ['192.0.2.1', '2001:db8::1']],
    ['SingleStack', FOUR, 'PreferDualStack', PREFER_DUAL, ['192.0.2.1', '2001:db8::1']],
    ['SingleStack IPv6', SIX, 'RequireDualStack, IPv6 first', DUAL_SIX, ['2001:db8::1', '192.0.2.1']],
    ['RequireDualStack', DUAL, 'SingleStack', FOUR, ['192.0.2.1']],
    ['PreferDualStack', PREFER_DUAL, 'SingleStack', FOUR, ['192.0.2.1']],
    ['PreferDualStack, IPv6 first', PREFER_SIX, 'SingleStack IPv6', SIX, ['2001:db8::1']],
    ['RequireDualStack', DUAL, 'PreferDualStack', PREFER_DUAL, ['192.0.2.1', '2001:db8::1']],
    ['PreferDualStack', PREFER_DUAL, 'RequireDualStack', DUAL, ['192.0.2.1', '2001:db8::1']],
    ['IPv4 first', DUAL, 'IPv6 first, which Kubernetes forbids', DUAL_SIX, ['2001:db8::1', '192.0.2.1']],
    ['IPv4', FOUR, 'IPv6, which Kubernetes forbids', SIX, ['2001:db8::1']],
  ] as const)('from %s to %s', (_, before, __, after, addresses) => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('s', before);
    const kept = cluster.addresses('s').filter((address) => addresses.some((one) => one === address));
    cluster.put('s', after);
    expect(cluster.addresses('s')).toEqual(addresses);
    expect(cluster.addresses('s')).toEqual(expect.arrayContaining(kept));
    expect(cluster.token('s')).toBeUndefined();
    // What it left is free again.
    cluster.put('other', { families: ['IPv4', 'IPv6'], policy: 'RequireDualStack' });
    expect(cluster.addresses('other')).toHaveLength(2);
    expect(cluster.engine.groupStatus('default')).toMatchObject({
      allocatedIPv4: String(1 + addresses.filter((address) => address.includes('.')).length),
      allocatedIPv6: String(1 + addresses.filter((address) => address.includes(':')).length),
    });
  });
});

describe('a change of families, in a group that has IPv4 alone', () => {
  it.each([
    ['SingleStack', FOUR, 'PreferDualStack', PREFER_DUAL, undefined],
    ['SingleStack', FOUR, 'RequireDualStack', DUAL, 'FamilyNotInGroup'],
    ['PreferDualStack', PREFER_DUAL, 'RequireDualStack', DUAL, 'FamilyNotInGroup'],
    ['PreferDualStack', PREFER_DUAL, 'SingleStack', FOUR, undefined],
    ['PreferDualStack, IPv6 first', PREFER_SIX, 'RequireDualStack', DUAL, 'FamilyNotInGroup'],
  ] as const)('from %s to %s keeps the address', (_, before, __, after, token) => {
    const cluster = new Cluster({ default: ONLY_FOUR });
    cluster.put('s', before);
    cluster.put('s', after);
    expect(cluster.addresses('s')).toEqual(['192.0.2.1']);
    expect(cluster.token('s')).toBe(token);
    cluster.put('s', before);
    expect([cluster.addresses('s'), cluster.token('s')]).toEqual([['192.0.2.1'], undefined]);
  });

  it('gives an IPv6 Service nothing, and says so', () => {
    const cluster = new Cluster({ default: ONLY_FOUR });
    cluster.put('s', SIX);
    expect([cluster.addresses('s'), cluster.token('s')]).toEqual([[], 'FamilyNotInGroup']);
  });
});

describe('PreferDualStack', () => {
  it('gets its second family when the pool of it has room again, and is called allocated meanwhile', () => {
    const cluster = new Cluster({ default: { ranges: ['192.0.2.1-192.0.2.9', '2001:db8::1'] } });
    cluster.put('six', SIX);
    cluster.put('s', PREFER_DUAL);
    expect([cluster.addresses('s'), cluster.token('s')]).toEqual([['192.0.2.1'], undefined]);
    cluster.delete('six');
    expect(cluster.addresses('s')).toEqual(['192.0.2.1', '2001:db8::1']);
  });

  it('takes a full dual-stack group before a single-stack one where it can, and the other family at worst', () => {
    const cluster = new Cluster({
      dual: { ranges: ['198.51.100.1', '2001:db8:1::1'] },
      four: { ranges: ['192.0.2.1'] },
      six: { ranges: ['2001:db8::1'] },
    });
    cluster.put('1', PREFER_DUAL);
    cluster.put('2', PREFER_DUAL);
    cluster.put('3', PREFER_DUAL);
    cluster.put('4', PREFER_DUAL);
    expect(['1', '2', '3', '4'].map((name) => cluster.addresses(name))).toEqual([
      ['198.51.100.1', '2001:db8:1::1'],
      ['192.0.2.1'],
      ['2001:db8::1'],
      [],
    ]);
    expect(cluster.token('4')).toBe('PoolExhausted');
  });

  it('does not leave an orphan of which nobody knows where it is from for a second family, but adds that', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('s', { ...PREFER_DUAL, observed: { addresses: ['203.0.113.9'], wellFormed: true } });
    expect(cluster.addresses('s')).toEqual(['203.0.113.9', '2001:db8::1']);
    cluster.restart();
    expect(cluster.addresses('s')).toEqual(['203.0.113.9', '2001:db8::1']);
  });
});

describe('a Service without families', () => {
  it('is told to write some, and gets an address then', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('s', { families: [] });
    expect([cluster.addresses('s'), cluster.token('s')]).toEqual([[], 'NoFamilies']);
    cluster.put('s', FOUR);
    expect([cluster.addresses('s'), cluster.token('s')]).toEqual([['192.0.2.1'], undefined]);
    cluster.put('s', { families: [] });
    expect([cluster.addresses('s'), cluster.token('s')]).toEqual([[], 'NoFamilies']);
  });

  it('shares by its ports and key once it has them, also without ports', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('a', { ports: [], sharingKey: 'k' });
    cluster.put('b', { ports: [], sharingKey: 'k' });
    expect([cluster.addresses('a'), cluster.addresses('b')]).toEqual([['192.0.2.1'], ['192.0.2.1']]);
  });
});
