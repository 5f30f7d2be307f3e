import { hostPrefix, parseAddress, parsePrefix } from '@fairlead/api';
import { ENDPOINT_SLICES, isForbidden, isNotFound } from '@fairlead/kube';
import type { KubeClient, KubeObject, ResourceType } from '@fairlead/kube';
import type { ProtectedPrefix } from '../plan/types.ts';

/** The ranges of cluster IPs (networking.k8s.io, stable since Kubernetes 1.33). */
interface ServiceCIDR extends KubeObject {
  readonly spec?: { readonly cidrs?: readonly string[] };
}

const SERVICE_CIDRS: ResourceType<ServiceCIDR> = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'ServiceCIDR',
  plural: 'servicecidrs',
  namespaced: false,
};

/**
 * What no route of ours may cover in this cluster: its Service ranges and its API servers. Read once, because they change
 * about never. Servers that have no ServiceCIDR, or do not let us read it, tell no ranges.
 */
export async function readClusterPrefixes(client: KubeClient, signal: AbortSignal): Promise<ProtectedPrefix[]> {
  const [ranges, apiServers] = await Promise.all([readServiceRanges(client, signal), readAPIServers(client, signal)]);
  return [
    ...ranges.map((text) => ({ prefix: parsePrefix(text), what: `Service range ${text}` })),
    ...apiServers.map((text) => ({ prefix: hostPrefix(parseAddress(text)), what: `API server ${text}` })),
  ];
}

async function readServiceRanges(client: KubeClient, signal: AbortSignal): Promise<string[]> {
  try {
    const { items } = await client.list(SERVICE_CIDRS, { resourceVersion: '0', signal });
    return items.flatMap(({ spec }) => spec?.cidrs ?? []);
  } catch (error) {
    if (isNotFound(error) || isForbidden(error)) {
      return [];
    }
    throw error;
  }
}

async function readAPIServers(client: KubeClient, signal: AbortSignal): Promise<string[]> {
  const { items } = await client.list(ENDPOINT_SLICES, {
    namespace: 'default',
    labelSelector: 'kubernetes.io/service-name=kubernetes',
    resourceVersion: '0',
    signal,
  });
  return items.flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses));
}
