import { CLAIM_ANNOTATIONS, claimName, formatAddress, parseAddress, parsePrefix } from '@fairlead/api';
import type { LAN, Prefix } from '@fairlead/api';
import { keyText } from '@fairlead/kube';
import type { Lease, Projected } from '@fairlead/kube';

/** Which node holds a local address, as its agent wrote it. */
export interface ClaimFacts extends Projected {
  /** Name of the Lease. */
  readonly name: string;
  /** In canonical text, as in `status.loadBalancer.ingress`. */
  readonly address: string;
  readonly holder: string;
  readonly interface: string;
}

/** Reads a claim; undefined for a Lease that is none. */
export function projectClaim({ metadata = {}, spec }: Lease): ClaimFacts | undefined {
  const text = metadata.annotations?.[CLAIM_ANNOTATIONS.address];
  const address = text === undefined ? undefined : attempt(() => parseAddress(text));
  if (address === undefined || metadata.name !== claimName(address)) {
    return undefined;
  }
  return {
    key: keyText(metadata),
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    name: metadata.name,
    address: formatAddress(address),
    holder: spec?.holderIdentity ?? '',
    interface: metadata.annotations?.[CLAIM_ANNOTATIONS.interface] ?? '',
  };
}

/** A subnet on which nodes have local interfaces. */
export interface LANFacts extends Projected {
  readonly subnet: Prefix;
}

/** Reads a LAN; undefined when its subnet is none. */
export function projectLAN({ metadata, spec }: LAN): LANFacts | undefined {
  const subnet = attempt(() => parsePrefix(spec.subnet));
  return (
    subnet && {
      key: metadata.name,
      uid: metadata.uid ?? '',
      resourceVersion: metadata.resourceVersion ?? '',
      subnet,
    }
  );
}

/** Text that people wrote may be anything. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
