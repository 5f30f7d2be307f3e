import { Cluster } from './test-cluster.ts';

const GROUPS = { default: { ranges: ['192.0.2.1-192.0.2.2'] } };
const CONDITION = { status: 'True', reason: 'Allocated', message: '192.0.2.1 from ServiceGroup default' };

/** A Service of another class that has this address from an allocator of that class. */
const holder = (address: string) =>
  ({ role: 'foreign', observed: { addresses: [address], wellFormed: true, condition: CONDITION } }) as const;

describe('a Service of another class that has an address of ours', () => {
  it('keeps it from others, counts, and has nothing said about it', () => {
    const cluster = new Cluster(GROUPS);
    cluster.put('theirs', holder('192.0.2.1'));
    expect(cluster.said.has('default/theirs')).toBe(false);
    cluster.put('first');
    cluster.put('second');
    expect([cluster.addresses('first'), cluster.addresses('second')]).toEqual([['192.0.2.2'], []]);
    expect(cluster.engine.groupStatus('default')).toMatchObject({ allocatedIPv4: '2', availableIPv4: '0' });

    cluster.restart();
    expect(cluster.heard.has('default/theirs')).toBe(false);
    expect([cluster.addresses('first'), cluster.addresses('second')]).toEqual([['192.0.2.2'], []]);

    cluster.delete('theirs');
    expect(cluster.addresses('second')).toEqual(['192.0.2.1']);
  });

  it('is followed when its own allocator gives it another', () => {
    const cluster = new Cluster(GROUPS);
    cluster.put('theirs', holder('192.0.2.1'));
    cluster.put('ours', { addresses: '192.0.2.1' });
    expect(cluster.addresses('ours')).toEqual([]);
    cluster.put('theirs', { ...holder('192.0.2.2'), resourceVersion: '2' });
    expect(cluster.addresses('ours')).toEqual(['192.0.2.1']);
    cluster.put('late');
    expect(cluster.addresses('late')).toEqual([]);
  });
});
