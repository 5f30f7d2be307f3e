import { addressBits, KERNEL_PROTOCOL } from '@fairlead/api';
import type { InterfaceAddress, Route } from '@fairlead/netlink';
import type { AddressKey } from '../plan/keys.ts';
import { addressKey } from '../plan/keys.ts';

/** By what an address of ours is told from others. */
export interface OwnershipMarks {
  /** Whether the kernel keeps IFA_PROTO (5.18 and later) and `--no-address-protocol` is not set. */
  readonly addressProtocol: boolean;
  /** Index of the interface for virtual addresses, where there is one. */
  readonly dummyIndex: () => number | undefined;
  /** What the state file says of a past or present life: addresses on local interfaces that are ours. */
  readonly recorded: (interfaceIndex: number, key: AddressKey) => boolean;
}

/**
 * Whether an address is ours. With IFA_PROTO the kernel says so. Without it, on the dummy interface: our form (a host
 * address, `noprefixroute`); on other interfaces our form, a finite lifetime, and the state file's word, because a DHCPv6
 * lease under NetworkManager looks the same.
 */
export function isOurAddress(address: InterfaceAddress, marks: OwnershipMarks): boolean {
  if (marks.addressProtocol) {
    return address.protocol === KERNEL_PROTOCOL;
  }
  const ourForm = address.length === addressBits(address.address.family) && address.flags.noprefixroute;
  if (!ourForm) {
    return false;
  }
  return address.index === marks.dummyIndex()
    ? true
    : Number.isFinite(address.validLifetime) && marks.recorded(address.index, addressKey(address.address));
}

/** Whether a route is ours: routes keep their protocol number on every kernel. */
export function isOurRoute(route: Route): boolean {
  return route.protocol === KERNEL_PROTOCOL;
}

/**
 * Whether a kernel of this release keeps the protocol of an address (IFA_PROTO, Linux 5.18).
 * @param release as `uname -r` prints it
 */
export function keepsAddressProtocol(release: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  return major > 5 || (major === 5 && minor >= 18);
}
