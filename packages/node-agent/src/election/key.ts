import type { Address } from '@fairlead/api';

const IPV6 = 1n << 128n;

/** A number that stands for the address in maps: bigints compare by value, and no text is made on the way. */
export function addressKey(address: Address): bigint {
  return address.family === 'IPv4' ? address.value : address.value | IPV6;
}
