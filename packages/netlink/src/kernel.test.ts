import type { InterfaceAddress } from './codec/interface-address.ts';
import { keepsAddressProtocol } from './kernel.ts';
import { address } from './testing/address.ts';

function loopback(text: string, protocol?: number): InterfaceAddress {
  const flags = {
    permanent: true,
    noprefixroute: false,
    nodad: false,
    tentative: false,
    dadFailed: false,
    optimistic: false,
    deprecated: false,
    secondary: false,
    manageTemporary: false,
  };
  const lifetimes = { validLifetime: Infinity, preferredLifetime: Infinity };
  return { index: 1, address: address(text), length: 128, protocol, flags, scope: 254, ...lifetimes };
}

describe('keepsAddressProtocol', () => {
  it('believes a kernel that marks ::1, whatever its version', () => {
    expect(keepsAddressProtocol([loopback('::1', 1)], '5.14.0-503.el9.x86_64')).toBe(true);
  });

  it('believes a kernel that does not mark ::1, whatever its version', () => {
    expect(keepsAddressProtocol([loopback('::1')], '6.1.0')).toBe(false);
  });

  it.each([
    ['5.15.0-97-generic', false],
    ['5.17.9', false],
    ['5.18.0', true],
    ['6.1.0-18-amd64', true],
    ['4.19.0', false],
    ['something else', false],
  ])('goes by the version where loopback says nothing: %s', (release, kept) => {
    expect(keepsAddressProtocol([], release)).toBe(kept);
    expect(keepsAddressProtocol([loopback('127.0.0.1')], release)).toBe(kept);
  });
});
