import * as fc from 'fast-check';
import { AddressError, formatAddress, parseAddress, parsePrefix } from './address.ts';
import {
  formatAddressRange,
  parseAddressRange,
  prefixCovers,
  rangeContains,
  rangeCovers,
  rangeSize,
  rangesOverlap,
} from './range.ts';

function endsOf(text: string): string[] {
  const { first, last } = parseAddressRange(text);
  return [formatAddress(first), formatAddress(last)];
}

describe('a range', () => {
  it.each([
    ['192.0.2.0/24', '192.0.2.0', '192.0.2.255'],
    ['192.0.2.10-192.0.2.99', '192.0.2.10', '192.0.2.99'],
    ['192.0.2.10', '192.0.2.10', '192.0.2.10'],
    ['192.0.2.10/32', '192.0.2.10', '192.0.2.10'],
    ['2001:db8::/127', '2001:db8::', '2001:db8::1'],
    ['2001:db8::1-2001:db8::ff', '2001:db8::1', '2001:db8::ff'],
  ])('%s has its ends at %s and %s', (text, first, last) => {
    expect(endsOf(text)).toEqual([first, last]);
  });

  it.each([
    ['192.0.2.99-192.0.2.10', 'ends before it begins; write 192.0.2.10-192.0.2.99'],
    ['192.0.2.1-2001:db8::1', 'mixes the families; write two IPv4 addresses or two IPv6 addresses'],
    ['192.0.2.5/24', 'has host bits set; write 192.0.2.0/24'],
    ['0.0.0.0', 'contains unspecified addresses, which no Service can have; write a range without them'],
    ['126.0.0.1-128.0.0.1', 'contains loopback addresses, which no Service can have; write a range without them'],
    ['169.254.1.0/24', 'contains link-local addresses, which no Service can have; write a range without them'],
    ['224.0.0.0/8', 'contains multicast addresses, which no Service can have; write a range without them'],
    ['240.0.0.1', 'contains reserved addresses (240.0.0.0/4), which no Service can have; write a range without them'],
    [
      '255.255.255.255',
      'contains reserved addresses (240.0.0.0/4), which no Service can have; write a range without them',
    ],
    ['::/64', 'contains the unspecified address, which no Service can have; write a range without them'],
    ['::1', 'contains the loopback address, which no Service can have; write a range without them'],
    ['::1:0:0-::2:0:0:0', 'contains IPv4-mapped addresses, which no Service can have; write a range without them'],
    ['fe80::/64', 'contains link-local addresses, which no Service can have; write a range without them'],
    ['ff02::1', 'contains multicast addresses, which no Service can have; write a range without them'],
  ])('%s is refused, saying why', (text, sentence) => {
    expect(() => parseAddressRange(text)).toThrow(new AddressError(`${JSON.stringify(text)} ${sentence}`));
  });

  it.each([
    '',
    '-',
    '192.0.2.1-',
    '192.0.2.1 - 192.0.2.9',
    '192.0.2.1-9',
    '192.0.2.0/24-192.0.3.0/24',
    '192.0.2.1-192.0.2.2-192.0.2.3',
  ])('%j is no range', (text) => {
    expect(() => parseAddressRange(text)).toThrow(AddressError);
  });

  it('never fails otherwise than with a sentence, whatever is written', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'0123456789abcdef:./-'.split('')) })),
        (text) => {
          try {
            parseAddressRange(text);
          } catch (error) {
            expect(error).toBeInstanceOf(AddressError);
          }
        },
      ),
    );
  });

  it('reads back as what it was written from, and knows what it contains', () => {
    const usable = fc.bigInt({ min: 0x0100_0000n, max: 0x7eff_ffffn });
    fc.assert(
      fc.property(usable, usable, usable, (a, b, c) => {
        const range = {
          first: { family: 'IPv4' as const, value: a < b ? a : b },
          last: { family: 'IPv4' as const, value: a < b ? b : a },
        };
        expect(parseAddressRange(formatAddressRange(range))).toEqual(range);
        expect(rangeContains(range, { family: 'IPv4', value: c })).toBe(
          range.first.value <= c && c <= range.last.value,
        );
        expect(rangeSize(range)).toBe(range.last.value - range.first.value + 1n);
      }),
    );
  });

  it('overlaps and covers others by number and family', () => {
    const range = parseAddressRange('192.0.2.10-192.0.2.20');
    expect(rangesOverlap(range, parseAddressRange('192.0.2.20-192.0.2.30'))).toBe(true);
    expect(rangesOverlap(range, parseAddressRange('192.0.2.21-192.0.2.30'))).toBe(false);
    expect(rangesOverlap(range, parseAddressRange('2001:db8::/64'))).toBe(false);
    expect(rangeCovers(range, parseAddressRange('192.0.2.10-192.0.2.20'))).toBe(true);
    expect(rangeCovers(range, parseAddressRange('192.0.2.10-192.0.2.21'))).toBe(false);
    expect(prefixCovers(parsePrefix('192.0.2.0/28'), range)).toBe(false);
    expect(prefixCovers(parsePrefix('192.0.2.0/27'), range)).toBe(true);
    expect(rangeContains(range, parseAddress('::c000:20a'))).toBe(false);
  });
});
