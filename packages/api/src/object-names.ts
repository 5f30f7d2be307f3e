import { createHash } from 'node:crypto';
import type { Address, Prefix } from './address.ts';
import { addressToBytes, formatAddress, formatPrefix } from './address.ts';
import { LAN_LABEL_PREFIX, LEASES } from './names.ts';

/** The address as part of an object's name: IPv6 in full with dashes for colons, so that every name sorts and splits. */
function nameOfAddress(address: Address): string {
  if (address.family === 'IPv4') {
    return formatAddress(address);
  }
  const hex = Buffer.from(addressToBytes(address)).toString('hex');
  return hex.match(/.{4}/g)?.join('-') ?? hex;
}

/** Name of the claim (Lease) of a local address: `fairlead-claim-192.0.2.10`, `fairlead-claim-2001-0db8-…-0010`. */
export function claimName(address: Address): string {
  return LEASES.claimPrefix + nameOfAddress(address);
}

/** Name of the LAN object of a subnet: `192.0.2.0-24`, `2001-0db8-…-0000-64`. */
export function lanName(subnet: Prefix): string {
  return `${nameOfAddress(subnet.address)}-${subnet.length}`;
}

/** 16 hexadecimal digits that stand for a subnet where a label's name has no room for it. */
export function lanHash(subnet: Prefix): string {
  return createHash('sha256').update(formatPrefix(subnet)).digest('hex').slice(0, 16);
}

/** The label that every object of a LAN carries (LBNodeStatus, claims): its existence is what one selects by. */
export function lanLabel(subnet: Prefix): string {
  return LAN_LABEL_PREFIX + lanHash(subnet);
}
