import {
  ADDRESSES_ALLOCATED,
  ALLOCATOR_ANNOTATIONS,
  CLAIM_ANNOTATIONS,
  DEFAULT_LOAD_BALANCER_CLASS,
  LEASES as LEASE_NAMES,
} from '@fairlead/api';
import type { Lease, Service } from '@fairlead/kube';

/** What can be said of a Service in a line. */
export interface ServiceView {
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly group: string;
  /** For each address the `NODE/INTERFACE` that announces it; undefined where no node claims it: it is virtual. */
  readonly holders: readonly (string | undefined)[];
  /** The condition of the Service, once the allocator has judged it. */
  readonly judgement: { readonly allocated: boolean; readonly reason: string; readonly sentence: string } | undefined;
}

/** Holders of local addresses, `NODE/INTERFACE` by address, from the claims among the Leases. */
export function holdersByAddress(leases: Iterable<Lease>): ReadonlyMap<string, string> {
  const holders = new Map<string, string>();
  for (const { metadata, spec } of leases) {
    const address = metadata?.annotations?.[CLAIM_ANNOTATIONS.address];
    const node = spec?.holderIdentity ?? '';
    if (metadata?.name?.startsWith(LEASE_NAMES.claimPrefix) === true && address !== undefined && node !== '') {
      const device = metadata.annotations?.[CLAIM_ANNOTATIONS.interface];
      holders.set(address, device === undefined ? node : `${node}/${device}`);
    }
  }
  return holders;
}

/** Whether the Service is, or was, in our hands: it has our class or our condition. */
export function isOurs({ spec, status }: Service): boolean {
  return (
    spec?.loadBalancerClass === DEFAULT_LOAD_BALANCER_CLASS ||
    (status?.conditions ?? []).some(({ type }) => type === ADDRESSES_ALLOCATED)
  );
}

export function viewOf(service: Service, holders: ReadonlyMap<string, string>): ServiceView {
  const { metadata, status } = service;
  const addresses = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [ip]));
  const condition = (status?.conditions ?? []).find(({ type }) => type === ADDRESSES_ALLOCATED);
  return {
    namespace: metadata?.namespace ?? '',
    name: metadata?.name ?? '',
    addresses,
    group: metadata?.annotations?.[ALLOCATOR_ANNOTATIONS.allocatedFrom] ?? '',
    holders: addresses.map((address) => holders.get(address)),
    judgement:
      condition === undefined
        ? undefined
        : { allocated: condition.status === 'True', reason: condition.reason, sentence: condition.message },
  };
}
