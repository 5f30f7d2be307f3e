import { CLAIM_ANNOTATIONS, CLAIM_LABEL, claimName, formatAddress, parseAddress } from '@fairlead/api';
import type { Address } from '@fairlead/api';
import { keyText } from '@fairlead/kube';
import type { Lease, Projected } from '@fairlead/kube';
import { addressKey } from '../election/key.ts';
import type { Claim } from '../election/types.ts';

/** A claim as its Lease has it. */
export interface ClaimFacts extends Projected {
  readonly claim: Claim;
  /** Number that stands for the address. */
  readonly address: bigint;
  readonly transitions: number;
  /** Since when the holder has it, RFC 3339. */
  readonly acquired: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** Reads a claim; undefined for a Lease that is none. */
export function projectClaim(lease: Lease): ClaimFacts | undefined {
  const { metadata, spec } = lease;
  const text = metadata?.annotations?.[CLAIM_ANNOTATIONS.address];
  const address = text === undefined ? undefined : addressOf(text);
  if (address === undefined || metadata?.name !== claimName(address)) {
    return undefined;
  }
  const annotations = metadata.annotations ?? {};
  const optional = {
    interface: annotations[CLAIM_ANNOTATIONS.interface],
    mac: annotations[CLAIM_ANNOTATIONS.mac],
    successor: annotations[CLAIM_ANNOTATIONS.successor],
    move: annotations[CLAIM_ANNOTATIONS.move],
  };
  const present = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  return {
    key: keyText(metadata),
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    claim: { address, holder: spec?.holderIdentity ?? '', ...present },
    address: addressKey(address),
    transitions: spec?.leaseTransitions ?? 0,
    acquired: spec?.acquireTime,
    labels: metadata.labels ?? {},
  };
}

/**
 * The Lease to write.
 * @param options.before what it replaces, whose version guards the write; absent: it is created
 * @param options.at time of day in milliseconds since 1970
 */
export function claimLease(options: {
  readonly claim: Claim;
  readonly namespace: string;
  readonly labels: readonly string[];
  readonly before: ClaimFacts | undefined;
  readonly at: number;
}): Lease {
  const { claim, before, at } = options;
  const annotations: Record<string, string> = { [CLAIM_ANNOTATIONS.address]: formatAddress(claim.address) };
  for (const name of ['interface', 'mac', 'successor', 'move'] as const) {
    const value = claim[name];
    if (value !== undefined) {
      annotations[CLAIM_ANNOTATIONS[name]] = value;
    }
  }
  const changesHands = before !== undefined && before.claim.holder !== claim.holder;
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: claimName(claim.address),
      namespace: options.namespace,
      annotations,
      labels: {
        ...before?.labels,
        ...Object.fromEntries([CLAIM_LABEL, ...options.labels].map((label) => [label, ''])),
      },
      ...(before === undefined ? {} : { resourceVersion: before.resourceVersion, uid: before.uid }),
    },
    spec: {
      holderIdentity: claim.holder,
      acquireTime: changesHands || before?.acquired === undefined ? microTime(at) : before.acquired,
      leaseTransitions: (before?.transitions ?? 0) + (changesHands ? 1 : 0),
    },
  };
}

/** Whether the Lease already says all that the claim does. */
export function sameClaim(a: Claim, b: Claim): boolean {
  return (['holder', 'interface', 'mac', 'successor', 'move'] as const).every((name) => a[name] === b[name]);
}

/** MicroTime of Kubernetes takes six digits of a second and nothing else. */
function microTime(at: number): string {
  return new Date(at).toISOString().replace('Z', '000Z');
}

function addressOf(text: string): Address | undefined {
  try {
    return parseAddress(text);
  } catch {
    // Written by hand: a Lease that names no address is no claim.
    return undefined;
  }
}
