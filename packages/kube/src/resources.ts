import {
  API_VERSION,
  type LAN,
  type LBNodeAgent,
  type LBNodeStatus,
  type Router,
  type ServiceGroup,
} from '@fairlead/api';
import type {
  CoreV1Event,
  EventsV1Event,
  V1EndpointSlice,
  V1Lease,
  V1Namespace,
  V1Node,
  V1ObjectMeta,
  V1Pod,
  V1Secret,
  V1Service,
} from '@kubernetes/client-node';

/**
 * A type of client-node as it is on the wire. client-node declares times as `Date`; in JSON they are RFC 3339 text, and
 * they stay text here, because parsing 10,000 of them for nobody costs more than the few that are looked at.
 */
export type Wire<T> = T extends Date
  ? string
  : T extends readonly (infer U)[]
    ? Wire<U>[]
    : T extends object
      ? { [K in keyof T]: Wire<T[K]> }
      : T;

/** The metadata that every object has. */
export interface Metadata {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** What every object of the API has. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: Metadata;
}

/** Where objects of type `T` are found in the API. */
export interface ResourceType<T extends KubeObject> {
  /** `v1`, or group and version: `fairlead.dev/v1`. */
  readonly apiVersion: string;
  readonly kind: string;
  /** The name in URLs. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** What reads ask for: the whole object, or its metadata alone ({@link metadataOnly}). Default `Object`. */
  readonly representation?: 'Object' | 'PartialObjectMetadata';
  /** Never set: it ties the object's type to the resource, so that `client.get(SERVICES, …)` is a Service. */
  readonly object?: T;
}

/** An object of any type of which the server sends the metadata and nothing else. */
export interface PartialObjectMetadata extends KubeObject {
  readonly metadata?: Wire<V1ObjectMeta>;
}

/** Names one object of a type; without a namespace where the type has none. */
export interface ObjectKey {
  readonly name: string;
  readonly namespace?: string;
}

export type Service = Wire<V1Service>;
export type Node = Wire<V1Node>;
export type Namespace = Wire<V1Namespace>;
export type Pod = Wire<V1Pod>;
export type Secret = Wire<V1Secret>;
export type Lease = Wire<V1Lease>;
export type EndpointSlice = Wire<V1EndpointSlice>;
export type KubeEvent = Wire<EventsV1Event>;
export type CoreEvent = Wire<CoreV1Event>;

function core<T extends KubeObject>(kind: string, plural: string, namespaced: boolean): ResourceType<T> {
  return { apiVersion: 'v1', kind, plural, namespaced };
}

function ours<T extends KubeObject>(kind: string, plural: string): ResourceType<T> {
  return { apiVersion: API_VERSION, kind, plural, namespaced: false };
}

export const SERVICES: ResourceType<Service> = core('Service', 'services', true);
export const NODES: ResourceType<Node> = core('Node', 'nodes', false);
export const NAMESPACES: ResourceType<Namespace> = core('Namespace', 'namespaces', false);
export const PODS: ResourceType<Pod> = core('Pod', 'pods', true);
export const SECRETS: ResourceType<Secret> = core('Secret', 'secrets', true);
export const LEASES: ResourceType<Lease> = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};
export const ENDPOINT_SLICES: ResourceType<EndpointSlice> = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  namespaced: true,
};
export const EVENTS: ResourceType<KubeEvent> = {
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};

export const SERVICE_GROUPS: ResourceType<ServiceGroup> = ours('ServiceGroup', 'servicegroups');
export const LB_NODE_AGENTS: ResourceType<LBNodeAgent> = ours('LBNodeAgent', 'lbnodeagents');
export const ROUTERS: ResourceType<Router> = ours('Router', 'routers');
export const LB_NODE_STATUSES: ResourceType<LBNodeStatus> = ours('LBNodeStatus', 'lbnodestatuses');
export const LANS: ResourceType<LAN> = ours('LAN', 'lans');

/**
 * The same objects, read without spec and status: for whoever looks at labels alone. It is for `get`, `list` and
 * reflectors; a server that cannot leave the rest out sends it, and nobody looks at it.
 */
export function metadataOnly<T extends KubeObject>(type: ResourceType<T>): ResourceType<PartialObjectMetadata> {
  const { apiVersion, kind, plural, namespaced } = type;
  return { apiVersion, kind, plural, namespaced, representation: 'PartialObjectMetadata' };
}

/**
 * The header Accept of a read: of one object, of a watch, whose frames hold one each, or of a list.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-partialobjectmetadata
 */
export function acceptOf<T extends KubeObject>(type: ResourceType<T>, what: 'object' | 'list'): string {
  if (type.representation !== 'PartialObjectMetadata') {
    return JSON_TYPE;
  }
  const form = what === 'list' ? 'PartialObjectMetadataList' : 'PartialObjectMetadata';
  return `${JSON_TYPE};as=${form};g=meta.k8s.io;v=v1,${JSON_TYPE}`;
}

const JSON_TYPE = 'application/json';

/** `namespace/name`, or the name alone where the type has no namespace: the key of stores and queues. */
export function keyText({ name, namespace }: Metadata): string {
  return namespace === undefined ? (name ?? '') : `${namespace}/${name ?? ''}`;
}

/** The inverse of {@link keyText}. */
export function parseKey(text: string): ObjectKey {
  const slash = text.indexOf('/');
  return slash < 0 ? { name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

/** Part of an object that a URL names beside the object itself. */
export type Subresource = 'status' | 'token' | 'scale';

/**
 * The path of a type, or of one object of it, in the API server.
 * @throws {TypeError} when a namespaced object is named without its namespace, or the reverse
 */
export function resourcePath<T extends KubeObject>(
  type: ResourceType<T>,
  key: { readonly namespace?: string; readonly name?: string },
  subresource?: Subresource,
): string {
  if (key.name !== undefined && type.namespaced !== (key.namespace !== undefined)) {
    throw new TypeError(
      `${type.kind} ${JSON.stringify(key.name)} ${type.namespaced ? 'needs a namespace' : 'has no namespace'}`,
    );
  }
  const root = type.apiVersion.includes('/') ? '/apis' : '/api';
  const parts = [root, type.apiVersion];
  if (key.namespace !== undefined) {
    parts.push('namespaces', encodeURIComponent(key.namespace));
  }
  parts.push(type.plural);
  if (key.name !== undefined) {
    parts.push(encodeURIComponent(key.name));
  }
  if (subresource !== undefined) {
    parts.push(subresource);
  }
  return parts.join('/');
}
