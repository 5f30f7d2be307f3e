/**
 * Prints all addresses of this kernel as JSON ({@link GuestAddress}), their protocol number included, which `ip` prints
 * only from iproute2 6.3 on.
 */
import { formatAddress } from '@fairlead/api';
import { openNetlink } from '@fairlead/netlink';

/** An address of the guest. */
export interface GuestAddress {
  readonly interface: string;
  /** `ADDRESS/LENGTH` */
  readonly address: string;
  /** IFA_PROTO; 0 where nobody set it. */
  readonly protocol: number;
  readonly noprefixroute: boolean;
}

const netlink = await openNetlink();
const names = new Map((await netlink.links()).map(({ index, name }) => [index, name]));
const addresses = (await netlink.addresses()).map(({ index, address, length, protocol, flags }): GuestAddress => ({
  interface: names.get(index) ?? '',
  address: `${formatAddress(address)}/${length}`,
  protocol: protocol ?? 0,
  noprefixroute: flags.noprefixroute,
}));
process.stdout.write(JSON.stringify(addresses));
await netlink.close();
