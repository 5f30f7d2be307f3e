import { formatPrefix, parseAddress, prefixContains } from '@fairlead/api';
import type { Announce, Prefix } from '@fairlead/api';
import type { ServiceView } from '@fairlead/ipam';
import type { ClaimFacts } from '../objects/claim.ts';

/** How the group of a Service says that its addresses are announced. */
export type AnnounceMode = Announce['mode'];

/** Finds the claim of an address. */
export type ClaimOf = (address: string) => ClaimFacts | undefined;

/**
 * What `fairlead.dev/announced-by` is to say: `NODE/INTERFACE` of each address that a node holds, in the order of
 * `status.loadBalancer.ingress`; undefined when none is held.
 */
export function announcedBy({ observed }: ServiceView, claimOf: ClaimOf): string | undefined {
  const holders = observed.addresses.flatMap((address) => {
    const claim = claimOf(address);
    return claim === undefined || claim.holder === '' ? [] : [`${claim.holder}/${claim.interface}`];
  });
  return holders.length === 0 ? undefined : holders.join(',');
}

/** An address that no node announces although one should. */
export interface Missing {
  readonly address: string;
  /** Why, in a sentence. */
  readonly note: string;
}

/**
 * The addresses of a Service that one node of a LAN should hold and none does, and those that are to be local and are in
 * no LAN.
 */
export function missingHolders(
  { observed }: ServiceView,
  options: { readonly mode: AnnounceMode; readonly lans: readonly Prefix[]; readonly claimOf: ClaimOf },
): Missing[] {
  const { mode, lans, claimOf } = options;
  if (mode === 'Virtual' || observed.condition === undefined) {
    return [];
  }
  return observed.addresses.flatMap((address) => {
    const lan = lanOf(address, lans);
    if (lan === undefined) {
      return mode === 'Local'
        ? [
            {
              address,
              note: `No node announces ${address}: its group says announce.mode: Local, and no LAN contains it`,
            },
          ]
        : [];
    }
    const claim = claimOf(address);
    return claim === undefined || claim.holder === ''
      ? [
          {
            address,
            note: `No node announces ${address}: none on the LAN ${formatPrefix(lan)} may or can; see announce of its group and kubectl get lbnodestatus`,
          },
        ]
      : [];
  });
}

/** The first LAN that contains the address; undefined also for text that somebody else put into the status. */
function lanOf(text: string, lans: readonly Prefix[]): Prefix | undefined {
  if (lans.length === 0) {
    return undefined;
  }
  try {
    const address = parseAddress(text);
    return lans.find((subnet) => prefixContains(subnet, address));
  } catch {
    return undefined;
  }
}
