import { isIP } from 'node:net';
import * as fc from 'fast-check';
import type { Address, Prefix } from './address.ts';
import {
  AddressError,
  addressBits,
  addressFromBytes,
  addressToBytes,
  compareAddresses,
  formatAddress,
  formatPrefix,
  highestValue,
  hostPrefix,
  lastAddress,
  parseAddress,
  parsePrefix,
  prefixContains,
  prefixOf,
  prefixesOverlap,
  sameAddress,
} from './address.ts';

const ipv4 = fc.bigInt({ min: 0n, max: highestValue('IPv4') }).map((value): Address => ({ family: 'IPv4', value }));
const ipv6 = fc.bigInt({ min: 0n, max: highestValue('IPv6') }).map((value): Address => ({ family: 'IPv6', value }));
const address = fc.oneof(ipv4, ipv6);
/** ::ffff:0:0/96, which is never read from text. */
const MAPPED: Prefix = { address: { family: 'IPv6', value: 0xffffn << 32n }, length: 96 };

/** Texts that look like addresses, most of them slightly wrong. */
const addressLike = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.%/ '.split('')), maxLength: 24 }),
  fc.ipV4(),
  fc.ipV6(),
  fc.tuple(fc.ipV6(), fc.nat(40), fc.constantFrom(...'01:.f%'.split(''))).map(([text, at, extra]) => {
    return text.slice(0, at) + extra + text.slice(at);
  }),
);

describe('an address', () => {
  it('reads back as what it was written from', () => {
    fc.assert(
      fc.property(address, (value) => {
        fc.pre(!prefixContains(MAPPED, value));
        expect(parseAddress(formatAddress(value))).toEqual(value);
      }),
    );
  });

  it('survives the way through bytes', () => {
    fc.assert(
      fc.property(address, (value) => {
        const bytes = addressToBytes(value);
        expect(bytes).toHaveLength(addressBits(value.family) / 8);
        expect(addressFromBytes(bytes)).toEqual(value);
      }),
    );
  });

  it('is read from exactly the texts that Node takes for addresses, less zones and the IPv4-mapped form', () => {
    fc.assert(
      fc.property(addressLike, (text) => {
        let read: Address | undefined;
        try {
          read = parseAddress(text);
        } catch (error) {
          expect(error).toBeInstanceOf(AddressError);
        }
        const mapped = /^[0:]*:ffff:([\d.]+|[\da-f]{1,4}:[\da-f]{1,4})$/i.test(text);
        expect(read !== undefined).toBe(isIP(text) !== 0 && !text.includes('%') && !mapped);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['192.0.2.01', 'has leading zeros; write 192.0.2.1'],
    ['192.0.2.1/32', 'is a network; write a single address, without a prefix length'],
    ['fe80::1%eth0', 'has a zone; write the address alone'],
    ['::ffff:192.0.2.1', 'is an IPv4-mapped address; write 192.0.2.1'],
    ['::ffff:c000:201', 'is an IPv4-mapped address; write 192.0.2.1'],
    [' 192.0.2.1', 'has spaces around it; write the address alone'],
    ['192.0.2', 'is not an IP address; write one like 192.0.2.10 or 2001:db8::10'],
    ['', 'is not an IP address; write one like 192.0.2.10 or 2001:db8::10'],
    ['0xc0.0.2.1', 'is not an IP address; write one like 192.0.2.10 or 2001:db8::10'],
  ])('is refused as %j, saying what to write', (text, sentence) => {
    expect(() => parseAddress(text)).toThrow(new AddressError(`${JSON.stringify(text)} ${sentence}`));
  });

  it.each([
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['::1.2.3.4', '::102:304'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ])('written %s is printed %s (RFC 5952)', (text, canonical) => {
    expect(formatAddress(parseAddress(text))).toBe(canonical);
  });

  it('is not made from a number of bytes that no family has', () => {
    expect(() => addressFromBytes(new Uint8Array(6))).toThrow('an address has 4 or 16 bytes, not 6');
  });
});

describe('the order of addresses', () => {
  it('is total, with IPv4 first and equal only for the same address', () => {
    fc.assert(
      fc.property(address, address, (a, b) => {
        expect(Math.sign(compareAddresses(a, b))).toBe(-Math.sign(compareAddresses(b, a)) + 0);
        expect(compareAddresses(a, b) === 0).toBe(sameAddress(a, b));
      }),
    );
    expect(compareAddresses(parseAddress('255.255.255.255'), parseAddress('::'))).toBe(-1);
  });
});

describe('a network', () => {
  const prefix = address.chain((value) => fc.nat(addressBits(value.family)).map((length) => prefixOf(value, length)));

  it('contains its first and last address and not the ones beside them', () => {
    fc.assert(
      fc.property(prefix, (value) => {
        const last = lastAddress(value);
        expect(prefixContains(value, value.address)).toBe(true);
        expect(prefixContains(value, last)).toBe(true);
        const { family } = value.address;
        if (value.address.value > 0n) {
          expect(prefixContains(value, { family, value: value.address.value - 1n })).toBe(false);
        }
        if (last.value < highestValue(family)) {
          expect(prefixContains(value, { family, value: last.value + 1n })).toBe(false);
        }
      }),
    );
  });

  it('reads back as what it was written from', () => {
    fc.assert(
      fc.property(prefix, (value) => {
        fc.pre(!prefixContains(MAPPED, value.address));
        expect(parsePrefix(formatPrefix(value))).toEqual(value);
      }),
    );
  });

  it('overlaps another exactly when one holds the first address of the other', () => {
    fc.assert(
      fc.property(prefix, prefix, (a, b) => {
        expect(prefixesOverlap(a, b)).toBe(prefixContains(a, b.address) || prefixContains(b, a.address));
      }),
    );
    expect(prefixesOverlap(parsePrefix('0.0.0.0/0'), parsePrefix('::/0'))).toBe(false);
  });

  it.each([
    ['192.0.2.1', '"192.0.2.1" is not a network; write one like 192.0.2.0/24 or 2001:db8::/64'],
    ['192.0.2.0/', '"192.0.2.0/" is not a network; write one like 192.0.2.0/24 or 2001:db8::/64'],
    ['192.0.2.0/024', '"192.0.2.0/024" is not a network; write one like 192.0.2.0/24 or 2001:db8::/64'],
    ['192.0.2.0/33', '"192.0.2.0/33" has a prefix length above the bits of IPv4; write 32 or less'],
    ['2001:db8::/129', '"2001:db8::/129" has a prefix length above the bits of IPv6; write 128 or less'],
    ['192.0.2.5/24', '"192.0.2.5/24" has host bits set; write 192.0.2.0/24'],
    ['2001:db8::5/64', '"2001:db8::5/64" has host bits set; write 2001:db8::/64'],
  ])('is refused as %j, saying what to write', (text, sentence) => {
    expect(() => parsePrefix(text)).toThrow(new AddressError(sentence));
  });

  it('of a host holds nothing else', () => {
    const host = parseAddress('192.0.2.1');
    expect(formatPrefix(hostPrefix(host))).toBe('192.0.2.1/32');
    expect(lastAddress(hostPrefix(host))).toEqual(host);
  });
});
