import type { Pool as PoolSpec } from '@fairlead/api';
import { AddressError, parseAddress } from '@fairlead/api';
import { compilePool, isUsable, poolCapacity } from './pool.ts';

const pool = (spec: Partial<PoolSpec> & { range: string }) => compilePool('default', { avoidBuggyIPs: false, ...spec });
const usable = (compiled: ReturnType<typeof pool>, text: string) => isUsable(compiled, parseAddress(text).value);

describe('a pool', () => {
  it('hands out every address of a range without a subnet, the first and the last included', () => {
    const compiled = pool({ range: '192.0.2.0/24' });
    expect(poolCapacity(compiled)).toBe(256n);
    expect(usable(compiled, '192.0.2.0')).toBe(true);
    expect(usable(compiled, '192.0.2.255')).toBe(true);
  });

  it('keeps network and broadcast address of its subnet', () => {
    const compiled = pool({ range: '192.0.2.0/24', subnet: '192.0.2.0/24' });
    expect(poolCapacity(compiled)).toBe(254n);
    expect(usable(compiled, '192.0.2.0')).toBe(false);
    expect(usable(compiled, '192.0.2.255')).toBe(false);
  });

  it('keeps the subnet-router anycast address, and IPv6 has no broadcast', () => {
    const compiled = pool({ range: '2001:db8::/64', subnet: '2001:db8::/64' });
    expect(poolCapacity(compiled)).toBe((1n << 64n) - 1n);
    expect(usable(compiled, '2001:db8::')).toBe(false);
    expect(usable(compiled, '2001:db8::ffff:ffff:ffff:ffff')).toBe(true);
  });

  it.each([
    ['192.0.2.0/31', 2n],
    ['192.0.2.7/32', 1n],
    ['2001:db8::2/127', 2n],
    ['2001:db8::2/128', 1n],
  ])('uses all of %s, which is too small for addresses of its own', (range, size) => {
    expect(poolCapacity(pool({ range, subnet: range }))).toBe(size);
  });

  it('leaves out excludes, also where they overlap', () => {
    const compiled = pool({
      range: '192.0.2.10-192.0.2.99',
      exclude: ['192.0.2.50-192.0.2.59', '192.0.2.55-192.0.2.60', '192.0.2.99'],
    });
    expect(poolCapacity(compiled)).toBe(90n - 11n - 1n);
    expect(['192.0.2.49', '192.0.2.50', '192.0.2.60', '192.0.2.61'].map((text) => usable(compiled, text))).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  it.each(['192.0.2.0/24', '192.0.2.1-192.0.4.254', '10.0.0.0/8', '192.0.2.255-192.0.3.0', '192.0.2.255'])(
    'counts what avoidBuggyIPs leaves of %s without looking at each address',
    (range) => {
      const compiled = pool({ range, avoidBuggyIPs: true });
      let counted = 0n;
      if (compiled.last - compiled.first < 100_000n) {
        for (let value = compiled.first; value <= compiled.last; value += 1n) {
          counted += isUsable(compiled, value) ? 1n : 0n;
        }
      } else {
        counted = (1n << 24n) - 2n * (1n << 16n);
      }
      expect(poolCapacity(compiled)).toBe(counted);
    },
  );

  it('skips .0 and .255 only where they are asked to, and never in IPv6', () => {
    expect(usable(pool({ range: '192.0.2.0/24', avoidBuggyIPs: true }), '192.0.2.255')).toBe(false);
    expect(usable(pool({ range: '2001:db8::/64', avoidBuggyIPs: true }), '2001:db8::ff')).toBe(true);
  });

  it.each(['192.0.2.9-192.0.2.1', '192.0.2.1/24', 'fe80::/64', 'nonsense'])('refuses %s with a sentence', (range) => {
    expect(() => pool({ range })).toThrow(AddressError);
  });
});
