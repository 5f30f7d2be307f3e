import type { Address, Prefix } from '@fairlead/api';

/**
 * Text under which an address is filed in maps: family and number, cheap to make and unique. Not for people; they get
 * `formatAddress`, which costs many times as much.
 */
export type AddressKey = string;
/** The same for a network. */
export type PrefixKey = string;

/** @returns the map key of an address */
export function addressKey(address: Address): AddressKey {
  return `${address.family === 'IPv4' ? '4' : '6'}${address.value.toString(16)}`;
}

/** The address of a key that {@link addressKey} made. */
export function addressOfKey(key: AddressKey): Address {
  return { family: key.startsWith('4') ? 'IPv4' : 'IPv6', value: BigInt(`0x${key.slice(1)}`) };
}

/** @returns the map key of the network that is this address alone */
export function hostKey(key: AddressKey): PrefixKey {
  return `${key}/${key.startsWith('4') ? 32 : 128}`;
}

/** @returns the map key of a network */
export function prefixKey(prefix: Prefix): PrefixKey {
  return `${addressKey(prefix.address)}/${prefix.length}`;
}

/** The network of a key that {@link prefixKey} made. */
export function prefixOfKey(key: PrefixKey): Prefix {
  const slash = key.indexOf('/');
  return { address: addressOfKey(key.slice(0, slash)), length: Number(key.slice(slash + 1)) };
}
