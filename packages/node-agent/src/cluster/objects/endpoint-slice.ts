import type { EndpointSlice } from '@fairlead/kube';

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

/** What the agent keeps of an EndpointSlice. */
export interface EndpointSliceFacts {
  readonly key: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** `namespace/name` of its Service. */
  readonly service: string;
  /** Nodes on which it has a ready endpoint, each once. */
  readonly nodes: readonly string[];
}

/** Projects one slice; undefined for one that belongs to no Service. */
export function projectEndpointSlice(slice: EndpointSlice): EndpointSliceFacts | undefined {
  const { metadata, endpoints } = slice;
  const name = metadata?.labels?.[SERVICE_NAME_LABEL];
  if (name === undefined || metadata?.name === undefined) {
    return undefined;
  }
  const nodes = (endpoints ?? []).flatMap(({ nodeName, conditions }) =>
    // No statement counts as ready (discovery/v1 EndpointConditions).
    nodeName !== undefined && conditions?.ready !== false ? [nodeName] : [],
  );
  return {
    key: `${metadata.namespace ?? ''}/${metadata.name}`,
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    service: `${metadata.namespace ?? ''}/${name}`,
    nodes: [...new Set(nodes)],
  };
}
