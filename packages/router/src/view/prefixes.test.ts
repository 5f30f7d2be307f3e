import { formatPrefix, lastAddress, prefixContains } from '@fairlead/api';
import type { IPFamily } from '@fairlead/api';
import * as fc from 'fast-check';
import { announceablePrefixes, networksOf } from './prefixes.ts';

const range = fc
  .tuple(
    fc.constantFrom<IPFamily>('IPv4', 'IPv6'),
    fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }),
    fc.bigInt({ min: 0n, max: (1n << 20n) - 1n }),
  )
  .map(([family, value, more]) => {
    const highest = (1n << 32n) - 1n;
    const last = value + more > highest ? highest : value + more;
    return { first: { family, value }, last: { family, value: last } };
  });

describe('networksOf', () => {
  it('covers exactly the range, in order and without a gap', () => {
    fc.assert(
      fc.property(range, ({ first, last }) => {
        const networks = networksOf({ first, last });
        expect(networks[0]?.address).toEqual(first);
        expect(networks.map(lastAddress).at(-1)).toEqual(last);
        const starts = networks.slice(1).map(({ address }) => address.value);
        expect(networks.slice(0, -1).map((network) => lastAddress(network).value + 1n)).toEqual(starts);
        expect(networks.every((network) => prefixContains(network, network.address))).toBe(true);
        expect(networks.length).toBeLessThanOrEqual(64);
      }),
    );
  });

  it('leaves a whole family as it is', () => {
    const all = networksOf({ first: { family: 'IPv4', value: 0n }, last: { family: 'IPv4', value: (1n << 32n) - 1n } });
    expect(all.map(formatPrefix)).toEqual(['0.0.0.0/0']);
  });
});

function show(pool: Parameters<typeof announceablePrefixes>[0]): string[] {
  return announceablePrefixes(pool).map(
    ({ prefix, minimum, maximum }) => `${formatPrefix(prefix)}{${minimum},${maximum}}`,
  );
}

describe('announceablePrefixes', () => {
  it('lets host routes of the range through, and nothing else, without aggregation', () => {
    expect(show({ range: '192.0.2.8-192.0.2.12' })).toEqual(['192.0.2.8/30{32,32}', '192.0.2.12/32{32,32}']);
  });

  it('adds the aggregates that hold addresses of the range, each once', () => {
    expect(show({ range: '192.0.2.8-192.0.2.12', aggregation: '/24' })).toEqual([
      '192.0.2.0/24{24,24}',
      '192.0.2.8/30{32,32}',
      '192.0.2.12/32{32,32}',
    ]);
  });

  it('takes the length of the subnet for "default"', () => {
    expect(show({ range: '2001:db8:0:1::/64', subnet: '2001:db8::/48', aggregation: 'default' })).toEqual([
      '2001:db8::/48{48,48}',
      '2001:db8:0:1::/64{128,128}',
    ]);
  });

  it('says many aggregates inside one network in one line', () => {
    expect(show({ range: '10.0.0.0/8', aggregation: '/24' })).toEqual(['10.0.0.0/8{24,24}', '10.0.0.0/8{32,32}']);
  });

  it('knows no aggregate of the length of an address', () => {
    expect(show({ range: '192.0.2.8', aggregation: '/32' })).toEqual(['192.0.2.8/32{32,32}']);
  });
});
