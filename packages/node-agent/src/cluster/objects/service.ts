import { ADDRESSES_ALLOCATED, ALLOCATOR_ANNOTATIONS, parseAddress } from '@fairlead/api';
import type { Address, RefusalToken } from '@fairlead/api';
import { keyText } from '@fairlead/kube';
import type { Service } from '@fairlead/kube';
import type { ServiceFacts } from '../../plan/types.ts';

const NETBOX = 'netbox:';
/** The allocator has left the status to another program: the addresses in it may be that one's. */
const CONTESTED: RefusalToken = 'Contested';

/**
 * What the agent keeps of a Service. Its addresses count only while the allocator's condition is in the status, which
 * users cannot write, and not once it is on its way out, whatever finalizers hold it.
 */
export function projectService(service: Service): ServiceFacts {
  const { metadata, spec, status } = service;
  const condition = status?.conditions?.find(({ type }) => type === ADDRESSES_ALLOCATED);
  const vouched = condition !== undefined && condition.reason !== CONTESTED;
  const leaving = metadata?.deletionTimestamp !== undefined;
  const from = metadata?.annotations?.[ALLOCATOR_ANNOTATIONS.allocatedFrom];
  return {
    key: keyText(metadata ?? {}),
    uid: metadata?.uid ?? '',
    resourceVersion: metadata?.resourceVersion ?? '',
    addresses: vouched && !leaving ? addressesOf(status?.loadBalancer?.ingress ?? []) : [],
    group: from?.startsWith(NETBOX) === true ? from.slice(NETBOX.length) : from,
    endpointsOnly: spec?.externalTrafficPolicy === 'Local',
  };
}

function addressesOf(ingress: readonly { readonly ip?: string }[]): Address[] {
  const texts = new Set(ingress.map(({ ip }) => ip ?? '').filter((ip) => ip !== ''));
  const addresses = [...texts].flatMap((text) => {
    try {
      return [parseAddress(text)];
    } catch {
      // Not one of the allocator's: it writes addresses in their canonical form only.
      return [];
    }
  });
  // A copy is as long as it must be: there are ten thousand of these, and what grew has room for sixteen more.
  return addresses.slice();
}
