import type { Address } from '../address.ts';
import { address } from '../testing/address.ts';
import { groupsFor } from './groups.ts';

describe('groupsFor', () => {
  it('is the group of all nodes and those of the IPv6 addresses', () => {
    const addresses = ['2001:db8::9', '2001:db8:1::9', 'fe80::12:3456', '192.0.2.1'].map(address);
    expect(groupsFor(addresses)).toEqual({
      all: false,
      macs: new Set(['33:33:00:00:00:01', '33:33:ff:00:00:09', '33:33:ff:12:34:56']),
    });
  });

  it('is everything where there are more than network cards can filter', () => {
    const many = Array.from({ length: 100 }, (_, value): Address => ({ family: 'IPv6', value: BigInt(value) }));
    expect(groupsFor(many)).toEqual({ all: true });
  });
});
