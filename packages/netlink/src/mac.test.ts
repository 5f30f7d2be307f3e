import { formatMAC, multicastMAC, parseMAC, solicitedNodeAddress } from './mac.ts';
import { address } from './testing/address.ts';

describe('hardware addresses', () => {
  it('are read in either case and written in lower case', () => {
    expect(formatMAC(parseMAC('52:54:00:AB:cd:0f'))).toBe('52:54:00:ab:cd:0f');
  });

  it.each([
    '',
    '52:54:00:ab:cd',
    '52:54:00:ab:cd:0f:01',
    '52-54-00-ab-cd-0f',
    '52:54:00:ab:cd:0g',
    '5254:00:ab:cd:0f0',
  ])('refuse %j', (text) => {
    expect(() => parseMAC(text)).toThrow(RangeError);
  });
});

describe('multicast', () => {
  it('puts an IPv6 address into the group of its last 24 bits', () => {
    // The example of RFC 4291 2.7.1.
    expect(solicitedNodeAddress(address('4037::01:800:200E:8C6C'))).toEqual(address('ff02::1:ff0e:8c6c'));
  });

  it.each([
    ['ff02::1:ff0e:8c6c', '33:33:ff:0e:8c:6c'],
    ['ff02::1', '33:33:00:00:00:01'],
    // RFC 1112 6.4: only 23 bits fit.
    ['239.129.2.3', '01:00:5e:01:02:03'],
  ])('sends to the group %s under %s', (group, mac) => {
    expect(multicastMAC(address(group))).toBe(mac);
  });
});
