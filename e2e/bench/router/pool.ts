import type { IPFamily } from '@fairlead/api';

/** Addresses of seeded Services begin here in the pools of the group; those before are for Services made one by one. */
const FIRST_SEEDED = 0x1000;

/** The n-th address, from 0, of the routed group's pool of the family, in its canonical text. */
function addressAt(family: IPFamily, index: number): string {
  return family === 'IPv4' ? `10.99.${index >> 8}.${index & 255}` : `fd00:99::${index === 0 ? '' : index.toString(16)}`;
}

/** The address of the n-th Service of many, from 0. */
export function seededAddress(family: IPFamily, index: number): string {
  return addressAt(family, FIRST_SEEDED + index);
}

/** The address of the n-th Service that is made by itself, from 0. */
export function singleAddress(family: IPFamily, index: number): string {
  return addressAt(family, index + 1);
}

/** The route to one address, as CIDR. */
export function hostRoute(address: string): string {
  return `${address}/${address.includes(':') ? 128 : 32}`;
}

/** The routes to the first so many of the seeded Services. */
export function seededRoutes(family: IPFamily, count: number): string[] {
  return Array.from({ length: count }, (_, index) => hostRoute(seededAddress(family, index)));
}
