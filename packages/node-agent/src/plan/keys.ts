import type { Address, Prefix } from '@fairlead/api';

/**
 * Text under which an address is filed in maps: family and number, cheap to make and unique. Not for people; they get
 * `formatAddress`, which costs fifty times as much.
 */
export type AddressKey = string;
/** The same for a network. */
export type PrefixKey = string;

/** @returns the map key of an address */
export function addressKey(address: Address): AddressKey {
  return `${address.family === 'IPv4' ? '4' : '6'}${address.value.toString(36)}`;
}

/** @returns the map key of a network */
export function prefixKey(prefix: Prefix): PrefixKey {
  return `${addressKey(prefix.address)}/${prefix.length}`;
}
