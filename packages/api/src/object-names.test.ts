import { parseAddress, parsePrefix } from './address.ts';
import { claimName, lanHash, lanLabel, lanName } from './object-names.ts';

describe('names of objects', () => {
  it('spell IPv4 with dots and IPv6 in full with dashes', () => {
    expect(claimName(parseAddress('192.0.2.10'))).toBe('fairlead-claim-192.0.2.10');
    expect(claimName(parseAddress('2001:db8::10'))).toBe('fairlead-claim-2001-0db8-0000-0000-0000-0000-0000-0010');
    expect(lanName(parsePrefix('192.0.2.0/24'))).toBe('192.0.2.0-24');
    expect(lanName(parsePrefix('2001:db8::/64'))).toBe('2001-0db8-0000-0000-0000-0000-0000-0000-64');
  });

  it('of labels are the same for every spelling of a subnet and never change', () => {
    // Written down: agents of different versions must agree on it.
    expect(lanHash(parsePrefix('192.0.2.0/24'))).toBe('e336915ff179f536');
    expect(lanHash(parsePrefix('2001:DB8:0::/64'))).toBe(lanHash(parsePrefix('2001:db8::/64')));
    expect(lanHash(parsePrefix('192.0.2.0/25'))).not.toBe(lanHash(parsePrefix('192.0.2.0/24')));
    expect(lanLabel(parsePrefix('192.0.2.0/24'))).toBe('lan.fairlead.dev/e336915ff179f536');
  });
});
