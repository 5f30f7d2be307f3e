import type { InterfaceAddress } from './codec/interface-address.ts';

/** Index of `lo` in every network namespace (include/linux/netdevice.h, LOOPBACK_IFINDEX). */
export const LOOPBACK_INDEX = 1;

/** The first kernel that keeps IFA_PROTO. */
const ADDRESS_PROTOCOL_SINCE = [5, 18] as const;

/**
 * Whether the kernel keeps IFA_PROTO. Older ones take the attribute in silence and forget it, so there is no error to
 * go by; but newer ones mark `::1` on the loopback interface with it themselves (net/ipv6/addrconf.c, IFAPROT_KERNEL_LO).
 * @param loopback the addresses of the loopback interface; where they tell nothing, because it is down or IPv6 is off,
 *   the version decides
 * @param release as `uname -r` prints it, such as `5.15.0-97-generic`
 */
export function keepsAddressProtocol(loopback: readonly InterfaceAddress[], release: string): boolean {
  if (loopback.some(({ protocol }) => protocol !== undefined)) {
    return true;
  }
  if (loopback.some(({ address }) => address.family === 'IPv6' && address.value === 1n)) {
    return false;
  }
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  const [sinceMajor, sinceMinor] = ADDRESS_PROTOCOL_SINCE;
  return major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);
}
