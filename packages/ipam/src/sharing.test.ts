import type { ServiceView } from './service.ts';
import { Cluster, DUAL, PREFER_DUAL } from './test-cluster.ts';

type Wish = Partial<Omit<ServiceView, 'name'>>;

const BOTH = { ranges: ['192.0.2.1-192.0.2.9', '2001:db8::1-2001:db8::9'] };

function sharer(port: number, more: Wish = {}): Wish {
  return { sharingKey: 'k', ports: [`TCP/${port}`], ...more };
}

describe('sharing with two families', () => {
  it('dual-stack Services meet on both addresses, and a single-stack one joins the one it needs', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('a', sharer(80, DUAL));
    cluster.put('b', sharer(443, DUAL));
    cluster.put('six', sharer(53, { families: ['IPv6'] }));
    expect(['a', 'b', 'six'].map((name) => cluster.addresses(name))).toEqual([
      ['192.0.2.1', '2001:db8::1'],
      ['192.0.2.1', '2001:db8::1'],
      ['2001:db8::1'],
    ]);
    expect(cluster.engine.groupStatus('default')).toMatchObject({ allocatedIPv4: '1', allocatedIPv6: '1' });
  });

  it('a family that a sharer gives up stays with the others, and is free when the last has left', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('a', sharer(80, DUAL));
    cluster.put('b', sharer(443, DUAL));
    cluster.put('a', { families: ['IPv4'], policy: 'SingleStack' });
    expect(cluster.addresses('b')).toEqual(['192.0.2.1', '2001:db8::1']);
    cluster.delete('b');
    expect(cluster.engine.groupStatus('default')).toMatchObject({ allocatedIPv4: '1', allocatedIPv6: '0' });
  });

  it('a second family joins sharers whose ports leave room, and else gets an address of its own', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('six', sharer(80, { families: ['IPv6'] }));
    cluster.put('a', sharer(80));
    cluster.put('b', sharer(443));
    cluster.put('a', DUAL);
    cluster.put('b', DUAL);
    expect([cluster.addresses('a'), cluster.addresses('b')]).toEqual([
      ['192.0.2.1', '2001:db8::2'],
      ['192.0.2.1', '2001:db8::1'],
    ]);
  });

  it('waits for both, be one free and the other to be joined', () => {
    const cluster = new Cluster({ default: { ranges: ['192.0.2.1', '2001:db8::1'] } });
    cluster.put('four', sharer(80, { createdAt: 1 }));
    cluster.put('six', { families: ['IPv6'], createdAt: 2 });
    cluster.put('dual', sharer(443, { ...DUAL, createdAt: 3 }));
    expect([cluster.addresses('dual'), cluster.token('dual')]).toEqual([[], 'PoolExhausted']);
    cluster.delete('six');
    expect(cluster.addresses('dual')).toEqual(['192.0.2.1', '2001:db8::1']);
  });
});

describe('who comes first', () => {
  it('is the oldest, be it that it joins an address or draws one', () => {
    const cluster = new Cluster({ default: { ranges: ['192.0.2.1', '2001:db8::1'] } });
    cluster.put('four', sharer(80, { createdAt: 1 }));
    cluster.put('both', sharer(443, { ...DUAL, createdAt: 2 }));
    cluster.put('old', sharer(443, { ...DUAL, createdAt: 3 }));
    cluster.put('young', { families: ['IPv6'], createdAt: 4 });
    cluster.delete('both');
    expect([cluster.addresses('old'), cluster.addresses('young')]).toEqual([['192.0.2.1', '2001:db8::1'], []]);
  });
});

describe('who needs more than an address to join', () => {
  it('does not keep it from a younger one who can do with it', () => {
    const cluster = new Cluster({ a: BOTH, b: { ranges: ['198.51.100.1', '2001:db8:1::1'] } });
    cluster.put('first', sharer(80, { group: 'b' }));
    cluster.put('second', sharer(443, { group: 'b' }));
    cluster.put('six', { families: ['IPv6'], group: 'b' });
    cluster.put('mover', { ...PREFER_DUAL, createdAt: 1, group: 'a' });
    cluster.put('mover', sharer(443, { group: 'b' }));
    cluster.put('newcomer', sharer(443, { ...PREFER_DUAL, createdAt: 2, group: 'b' }));
    cluster.delete('second');
    expect([cluster.addresses('mover'), cluster.addresses('newcomer')]).toEqual([
      ['192.0.2.1', '2001:db8::1'],
      ['198.51.100.1'],
    ]);
  });
});

describe('sharers that come to clash', () => {
  it('the younger stays where it is when the older, in one edit, clashes and leaves by itself', () => {
    for (const leaving of [{ families: ['IPv6'] }, { addresses: '192.0.2.7' }, { role: 'leaving' }] as const) {
      const cluster = new Cluster({ default: BOTH });
      cluster.put('old', sharer(80, { createdAt: 1 }));
      cluster.put('young', sharer(443, { createdAt: 2 }));
      cluster.put('old', { sharingKey: 'other', ports: ['TCP/443'], ...leaving });
      expect(cluster.addresses('young')).toEqual(['192.0.2.1']);
    }
  });

  it.each<[string, Wish]>([
    ['takes away its key', { sharingKey: '' }],
    ['changes its key', { sharingKey: 'other' }],
    ['changes its policy', { externalTrafficPolicy: 'Local' }],
    ['takes a port of the other', { ports: ['TCP/443'] }],
  ])('the older keeps the address when it %s', (_, edit) => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('old', sharer(80, { createdAt: 1 }));
    cluster.put('young', sharer(443, { createdAt: 2 }));
    cluster.put('old', edit);
    expect([cluster.addresses('old'), cluster.addresses('young')]).toEqual([['192.0.2.1'], ['192.0.2.2']]);
  });

  it('the younger leaves when it is the one that is edited', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('old', sharer(80, { createdAt: 1 }));
    cluster.put('young', sharer(443, { createdAt: 2 }));
    cluster.put('young', { sharingKey: '' });
    expect([cluster.addresses('old'), cluster.addresses('young')]).toEqual([['192.0.2.1'], ['192.0.2.2']]);
  });

  it('a change of selector matters with externalTrafficPolicy Local alone', () => {
    const cluster = new Cluster({ default: BOTH });
    const local = { externalTrafficPolicy: 'Local', selector: 'x' } as const;
    cluster.put('old', sharer(80, { createdAt: 1 }));
    cluster.put('young', sharer(443, { createdAt: 2 }));
    cluster.put('young', { selector: 'y' });
    expect(cluster.addresses('young')).toEqual(['192.0.2.1']);
    cluster.put('third', sharer(80, { ...local, createdAt: 3 }));
    cluster.put('fourth', sharer(443, { ...local, createdAt: 4 }));
    cluster.put('fourth', { selector: 'y' });
    expect([cluster.addresses('third'), cluster.addresses('fourth')]).toEqual([['192.0.2.2'], ['192.0.2.3']]);
  });

  it('of three, the one that still fits stays with the oldest', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('1', sharer(1, { createdAt: 1 }));
    cluster.put('2', sharer(2, { createdAt: 2 }));
    cluster.put('3', sharer(3, { createdAt: 3 }));
    cluster.put('1', { ports: ['TCP/1', 'TCP/2'] });
    expect(['1', '2', '3'].map((name) => cluster.addresses(name)[0])).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.1']);
  });

  it('waits where the pool is full, and comes back when it can', () => {
    const cluster = new Cluster({ default: { ranges: ['192.0.2.1'] } });
    cluster.put('old', sharer(80, { createdAt: 1 }));
    cluster.put('young', sharer(443, { createdAt: 2 }));
    cluster.put('old', { ports: ['TCP/443'] });
    expect([cluster.addresses('young'), cluster.token('young')]).toEqual([[], 'PoolExhausted']);
    cluster.put('old', { ports: ['TCP/80'] });
    expect(cluster.addresses('young')).toEqual(['192.0.2.1']);
  });
});

describe('where Services with one key meet', () => {
  it('is in a later group, if there they can', () => {
    const cluster = new Cluster({ a: { ranges: ['192.0.2.1-192.0.2.9'] }, b: { ranges: ['198.51.100.1'] } });
    cluster.put('1', sharer(80, { group: 'b' }));
    cluster.put('2', sharer(443));
    expect(cluster.addresses('2')).toEqual(['198.51.100.1']);
  });

  it('is no excluded, draining or foreign address', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('1', sharer(80));
    cluster.group('default', { pools: [{ range: '192.0.2.1-192.0.2.9', exclude: ['192.0.2.1'] }] });
    cluster.put('2', sharer(443));
    expect([cluster.addresses('1'), cluster.addresses('2')]).toEqual([['192.0.2.1'], ['192.0.2.2']]);
    cluster.group('default', { ...BOTH, draining: true });
    cluster.put('3', sharer(53));
    expect(cluster.token('3')).toBe('GroupDraining');
    cluster.group('default', { ranges: ['192.0.2.5'] });
    expect(cluster.addresses('3')).toEqual(['192.0.2.5']);
  });

  it('is within a namespace where the group says so; who shares across them already goes on', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.namespace('far', {});
    cluster.put('a', sharer(80));
    cluster.put('b', sharer(443, { namespace: 'far' }));
    cluster.group('default', { ...BOTH, assign: { sharing: 'Namespace' } });
    cluster.put('c', sharer(53));
    cluster.put('d', sharer(54, { namespace: 'far' }));
    cluster.put('e', sharer(55, { namespace: 'far' }));
    expect(['default/a', 'far/b', 'default/c', 'far/d', 'far/e'].map((key) => cluster.addresses(key)[0])).toEqual([
      '192.0.2.1',
      '192.0.2.1',
      '192.0.2.2',
      '192.0.2.3',
      '192.0.2.3',
    ]);
    cluster.delete('far/b');
    cluster.put('f', sharer(56));
    expect(['192.0.2.1', '192.0.2.2']).toContain(cluster.addresses('f')[0]);
  });

  it('is the address that is asked for, if its holders accept', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('a', sharer(80, { addresses: '192.0.2.5' }));
    cluster.put('b', sharer(443, { addresses: '192.0.2.5' }));
    cluster.put('c', sharer(80, { addresses: '192.0.2.5' }));
    expect([cluster.addresses('b'), cluster.token('c')]).toEqual([['192.0.2.5'], 'SharingPortClash']);
    cluster.put('a', { ports: ['TCP/81'] });
    expect(cluster.addresses('c')).toEqual(['192.0.2.5']);
  });
});

describe('a refusal because others have the address', () => {
  it('names who has it now', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('a', sharer(80, { createdAt: 1, addresses: '192.0.2.5' }));
    cluster.put('b', sharer(443, { createdAt: 2, addresses: '192.0.2.5' }));
    cluster.put('c', { createdAt: 3, addresses: '192.0.2.5' });
    expect(cluster.sentence('c')).toContain('default/a');
    cluster.delete('a');
    expect(cluster.sentence('c')).toContain('default/b');
    expect(cluster.said.has('default/c')).toBe(true);
    cluster.put('d', { createdAt: 4, addresses: '192.0.2.5' });
    cluster.delete('b');
    expect(cluster.addresses('c')).toEqual(['192.0.2.5']);
    expect(cluster.sentence('d')).toContain('default/c');
  });

  it('names the first of two addresses that is taken, also when that came later', () => {
    const cluster = new Cluster({ default: BOTH });
    cluster.put('six', { families: ['IPv6'], addresses: '2001:db8::5' });
    cluster.put('s', { ...PREFER_DUAL, addresses: '192.0.2.5, 2001:db8::5' });
    expect(cluster.sentence('s')).toContain('2001:db8::5: Service default/six');
    cluster.put('four', { addresses: '192.0.2.5' });
    expect(cluster.sentence('s')).toContain('192.0.2.5: Service default/four');
  });
});
