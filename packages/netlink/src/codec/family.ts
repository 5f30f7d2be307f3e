import type { Address, IPFamily } from '../address.ts';
import { addressSize, readAddress } from '../address.ts';
import { DecodeError } from '../errors.ts';
import { AF_INET, AF_INET6 } from './constants.ts';

/** The kernel's number of a family. */
export function familyNumber(family: IPFamily): number {
  return family === 'IPv4' ? AF_INET : AF_INET6;
}

/** The family with this number; `undefined` for those that are none of ours (MPLS, bridge, multicast routing). */
export function familyOf(number: number): IPFamily | undefined {
  switch (number) {
    case AF_INET:
      return 'IPv4';
    case AF_INET6:
      return 'IPv6';
    default:
      return undefined;
  }
}

/**
 * An attribute's payload as an address.
 * @throws {DecodeError} when its size is not the family's
 */
export function readAddressAttribute(bytes: Buffer, start: number, end: number, family: IPFamily): Address {
  if (end - start !== addressSize(family)) {
    throw new DecodeError(`an ${family} address has ${end - start} bytes`);
  }
  return readAddress(bytes, start, family);
}

/** The address of the family with the number 0: `0.0.0.0` or `::`. */
export function unspecified(family: IPFamily): Address {
  return { family, value: 0n };
}
