import type { EndpointSlice } from '@fairlead/kube';

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

type EndpointConditions = NonNullable<NonNullable<EndpointSlice['endpoints']>[number]['conditions']>;

/** What the agent keeps of an EndpointSlice. */
export interface EndpointSliceFacts {
  readonly key: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** `namespace/name` of its Service. */
  readonly service: string;
  /** Nodes on which it has a ready endpoint, each once. */
  readonly ready: readonly string[];
  /** Nodes on which it has an endpoint that ends and still serves, each once. */
  readonly ending: readonly string[];
}

/** Projects one slice; undefined for one that belongs to no Service. */
export function projectEndpointSlice(slice: EndpointSlice): EndpointSliceFacts | undefined {
  const { metadata, endpoints } = slice;
  const name = metadata?.labels?.[SERVICE_NAME_LABEL];
  if (name === undefined || metadata?.name === undefined) {
    return undefined;
  }
  const nodesWhere = (is: (conditions: EndpointConditions) => boolean): readonly string[] => [
    ...new Set(
      (endpoints ?? []).flatMap(({ nodeName, conditions }) =>
        nodeName !== undefined && is(conditions ?? {}) ? [nodeName] : [],
      ),
    ),
  ];
  return {
    key: `${metadata.namespace ?? ''}/${metadata.name}`,
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    service: `${metadata.namespace ?? ''}/${name}`,
    // No statement counts as ready (discovery/v1 EndpointConditions).
    ready: nodesWhere(({ ready }) => ready !== false),
    ending: nodesWhere(
      ({ ready, serving, terminating }) => ready === false && serving === true && terminating === true,
    ),
  };
}
