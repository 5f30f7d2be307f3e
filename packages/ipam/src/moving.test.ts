import { Cluster, DUAL, PREFER_DUAL } from './test-cluster.ts';

const BOTH = { ranges: ['192.0.2.1-192.0.2.9', '2001:db8::1-2001:db8::9'] };
const MOVE = { reallocate: true };

/** Whether the annotation that asks for the move is still there. */
function isAsked(cluster: Cluster, name: string): boolean | undefined {
  return cluster.services.get(`default/${name}`)?.reallocate;
}

describe('fairlead.dev/reallocate', () => {
  it('gives the next free address, leaves the old one to others, and goes', () => {
    const cluster = new Cluster({ default: { ranges: ['192.0.2.1-192.0.2.2'] } });
    cluster.put('s', { createdAt: 1 });
    cluster.put('t', { createdAt: 2 });
    cluster.put('waiting', { createdAt: 3 });
    cluster.delete('t');
    cluster.put('s', MOVE);
    expect([cluster.addresses('s'), isAsked(cluster, 's')]).toEqual([['192.0.2.1'], true]);
    cluster.delete('waiting');
    expect([cluster.addresses('s'), isAsked(cluster, 's')]).toEqual([['192.0.2.2'], false]);
  });

  it('waits in a full pool with the old address, and moves when there is room', () => {
    const cluster = new Cluster({ default: { ranges: ['192.0.2.1-192.0.2.2'] } });
    cluster.put('s');
    cluster.put('t');
    cluster.put('s', MOVE);
    expect([cluster.addresses('s'), cluster.token('s'), isAsked(cluster, 's')]).toEqual([
      ['192.0.2.1'],
      'PoolExhausted',
      true,
    ]);
    cluster.restart();
    expect(cluster.addresses('s')).toEqual(['192.0.2.1']);
    cluster.delete('t');
    expect([cluster.addresses('s'), cluster.token('s'), isAsked(cluster, 's')]).toEqual([
      ['192.0.2.2'],
      undefined,
      false,
    ]);
  });

  it('is given up by taking the annotation away', () => {
    const cluster = new Cluster({ default: { ranges: ['192.0.2.1'] } });
    cluster.put('s');
    cluster.put('s', MOVE);
    expect(cluster.token('s')).toBe('PoolExhausted');
    cluster.put('s', { reallocate: false });
    expect([cluster.addresses('s'), cluster.token('s')]).toEqual([['192.0.2.1'], undefined]);
  });

  it('moves a sharer to others with its key, or to an address of its own, and not the others', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('a', { sharingKey: 'k', ports: ['TCP/80'] });
    cluster.put('b', { sharingKey: 'k', ports: ['TCP/443'] });
    cluster.put('b', MOVE);
    expect([cluster.addresses('a'), cluster.addresses('b')]).toEqual([['192.0.2.1'], ['192.0.2.2']]);
    cluster.put('b', { reallocate: false });
    cluster.put('b', MOVE);
    expect(cluster.addresses('b')).toEqual(['192.0.2.1']);
  });

  it('moves both addresses of a dual-stack Service', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('s', DUAL);
    cluster.put('s', MOVE);
    expect(cluster.addresses('s')).toEqual(['192.0.2.2', '2001:db8::2']);
  });

  it('keeps the address that is asked for, and draws the other one anew from the same group', () => {
    const cluster = new Cluster({
      a: { ranges: ['198.51.100.1-198.51.100.9', '2001:db8:1::1-2001:db8:1::9'] },
      b: BOTH,
    });
    cluster.put('s', { ...DUAL, addresses: '192.0.2.5' });
    expect(cluster.addresses('s')).toEqual(['192.0.2.5', '2001:db8::1']);
    cluster.put('s', MOVE);
    expect([cluster.addresses('s'), cluster.groupOf('s')]).toEqual([['192.0.2.5', '2001:db8::2'], 'b']);
  });

  it('is obeyed by staying where every address is asked for', () => {
    const cluster = new Cluster({ default: { ranges: ['192.0.2.1-192.0.2.9'] } });
    cluster.put('s', { ...PREFER_DUAL, addresses: '192.0.2.5' });
    cluster.put('s', MOVE);
    expect([cluster.addresses('s'), cluster.token('s'), isAsked(cluster, 's')]).toEqual([
      ['192.0.2.5'],
      undefined,
      false,
    ]);
  });

  it('does not trade two addresses for one while some group has both families', () => {
    const cluster = new Cluster({ dual: { ranges: ['192.0.2.1', '2001:db8::1'] }, four: { ranges: ['198.51.100.1'] } });
    cluster.put('s', PREFER_DUAL);
    cluster.put('s', MOVE);
    expect([cluster.addresses('s'), cluster.token('s')]).toEqual([['192.0.2.1', '2001:db8::1'], 'PoolExhausted']);
    cluster.group('dual', undefined);
    expect([cluster.addresses('s'), cluster.groupOf('s')]).toEqual([['198.51.100.1'], 'four']);
  });

  it('moves an orphan, out of a draining group too, and says where it cannot', () => {
    const cluster = new Cluster({ default: { ranges: ['192.0.2.1'] } });
    cluster.put('s');
    cluster.group('default', { ranges: ['198.51.100.1'], draining: true });
    cluster.put('s', MOVE);
    expect([cluster.addresses('s'), cluster.token('s')]).toEqual([['192.0.2.1'], 'GroupDraining']);
    cluster.group('other', { ranges: ['203.0.113.1'] });
    expect([cluster.addresses('s'), cluster.groupOf('s')]).toEqual([['203.0.113.1'], 'other']);
  });

  it('gives a Service without an address its first one, and goes', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('s', MOVE);
    expect([cluster.addresses('s'), isAsked(cluster, 's')]).toEqual([['192.0.2.1'], false]);
  });
});

describe('a wish for an address', () => {
  it('is refused where the two that are asked for are in two groups, whichever came first', () => {
    const groups = { four: { ranges: ['192.0.2.1-192.0.2.9'] }, six: { ranges: ['2001:db8::1-2001:db8::9'] } };
    const atOnce = new Cluster(groups);
    atOnce.put('s', { ...PREFER_DUAL, addresses: '192.0.2.5, 2001:db8::5' });
    const later = new Cluster(groups);
    later.put('s', { ...PREFER_DUAL, addresses: '192.0.2.5' });
    later.put('s', { addresses: '192.0.2.5, 2001:db8::5' });
    expect([atOnce.token('s'), atOnce.addresses('s')]).toEqual(['AddressNotInGroup', []]);
    expect([later.token('s'), later.addresses('s')]).toEqual(['AddressNotInGroup', ['192.0.2.5']]);
  });

  it('is met when the holder goes, and the old address stays until then', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('holder', { addresses: '192.0.2.5' });
    cluster.put('s');
    cluster.put('s', { addresses: '192.0.2.5' });
    expect([cluster.addresses('s'), cluster.token('s')]).toEqual([['192.0.2.1'], 'AddressInUse']);
    cluster.delete('holder');
    expect([cluster.addresses('s'), cluster.token('s')]).toEqual([['192.0.2.5'], undefined]);
  });

  it('passes a freed address to the next in line when the oldest still lacks the other one', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('four', { addresses: '192.0.2.5' });
    cluster.put('six', { families: ['IPv6'], addresses: '2001:db8::5' });
    cluster.put('old', { ...DUAL, createdAt: 1, addresses: '192.0.2.5, 2001:db8::5' });
    cluster.put('young', { createdAt: 2, addresses: '192.0.2.5' });
    cluster.put('youngest', { createdAt: 3, addresses: '192.0.2.5' });
    cluster.delete('four');
    expect(['old', 'young', 'youngest'].map((name) => cluster.addresses(name))).toEqual([[], ['192.0.2.5'], []]);
  });

  it('loadBalancerIP is what is asked for when the annotation is nothing but commas', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('s', { loadBalancerIP: '192.0.2.7', addresses: ' , ,' });
    expect(cluster.addresses('s')).toEqual(['192.0.2.7']);
  });
});
