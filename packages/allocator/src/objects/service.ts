import { ADDRESSES_ALLOCATED, ALLOCATOR_ANNOTATIONS, SERVICE_ANNOTATIONS } from '@fairlead/api';
import type { IPFamily } from '@fairlead/api';
import type { IPFamilyPolicy, ObservedStatus, ServiceView } from '@fairlead/ipam';
import { keyText } from '@fairlead/kube';
import type { Service } from '@fairlead/kube';
import { SharedValues } from './shared-values.ts';

/** Which Services are ours. */
export interface Ownership {
  /** The `spec.loadBalancerClass` that is ours. */
  readonly loadBalancerClass: string;
  /** Services without a class are ours as well. */
  readonly isDefaultClass: boolean;
}

const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({});
const NO_ADDRESSES: readonly string[] = Object.freeze([]);

/**
 * What allocation needs of a Service; undefined for one that is none of our business: another type or another class. One
 * that is being deleted, or stopped being a LoadBalancer, and still shows what we wrote is `leaving`; one of another class
 * that has an address of Fairlead's is `foreign`.
 * @param shared where values are found that other Services have as well
 */
export function projectService(
  service: Service,
  ownership: Ownership,
  shared: SharedValues = new SharedValues(),
): ServiceView | undefined {
  const { metadata = {}, spec = {} } = service;
  const observed = observedStatus(service, shared);
  const role = roleOf(service, observed, ownership);
  if (role === undefined) {
    return undefined;
  }
  const annotations = metadata.annotations ?? {};
  const labels = metadata.labels ?? {};
  const group = present(annotations[SERVICE_ANNOTATIONS.serviceGroup]);
  const addresses = present(annotations[SERVICE_ANNOTATIONS.addresses]);
  const sharingKey = present(annotations[SERVICE_ANNOTATIONS.allowSharedIP]);
  const loadBalancerIP = present(spec.loadBalancerIP);
  return {
    key: keyText(metadata),
    namespace: shared.text(metadata.namespace ?? ''),
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    createdAt: Date.parse(metadata.creationTimestamp ?? '') || 0,
    role,
    families: shared.list((spec.ipFamilies ?? []).filter(isFamily)),
    policy: policyOf(spec.ipFamilyPolicy),
    ports: shared.list((spec.ports ?? []).map(({ protocol, port }) => `${protocol ?? 'TCP'}/${port}`)),
    externalTrafficPolicy: spec.externalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
    selector: shared.text(selectorText(spec.selector)),
    labels: Object.keys(labels).length === 0 ? NO_LABELS : labels,
    reallocate: annotations[SERVICE_ANNOTATIONS.reallocate] === 'true',
    observed,
    ...(group !== undefined && { group: shared.text(group) }),
    ...(addresses !== undefined && { addresses }),
    ...(sharingKey !== undefined && { sharingKey }),
    ...(loadBalancerIP !== undefined && { loadBalancerIP }),
  };
}

function roleOf(
  { metadata, spec }: Service,
  observed: ObservedStatus,
  { loadBalancerClass, isDefaultClass }: Ownership,
): ServiceView['role'] | undefined {
  if (spec?.type !== 'LoadBalancer') {
    // Users cannot write conditions, so this one proves that the Service was ours.
    return observed.condition === undefined ? undefined : 'leaving';
  }
  const ours = spec.loadBalancerClass === undefined ? isDefaultClass : spec.loadBalancerClass === loadBalancerClass;
  if (!ours) {
    // Given by an allocator with other flags: this one's past life, or one of another release.
    return observed.condition === undefined || observed.addresses.length === 0 ? undefined : 'foreign';
  }
  return metadata?.deletionTimestamp === undefined ? 'ours' : 'leaving';
}

function observedStatus({ metadata, status }: Service, shared: SharedValues): ObservedStatus {
  const ingress = status?.loadBalancer?.ingress ?? [];
  const condition = status?.conditions?.find(({ type }) => type === ADDRESSES_ALLOCATED);
  const {
    [ALLOCATOR_ANNOTATIONS.allocatedFrom]: allocatedFrom,
    [ALLOCATOR_ANNOTATIONS.reason]: reason,
    [ALLOCATOR_ANNOTATIONS.announcedBy]: announcedBy,
  } = metadata?.annotations ?? {};
  return {
    addresses: ingress.length === 0 ? NO_ADDRESSES : compact(ingress.flatMap(({ ip }) => ip ?? [])),
    wellFormed: ingress.every(
      ({ ip, ipMode, hostname, ports }) =>
        ip !== undefined && ipMode === 'VIP' && hostname === undefined && (ports ?? []).length === 0,
    ),
    ...(allocatedFrom !== undefined && { allocatedFrom: shared.text(allocatedFrom) }),
    ...(reason !== undefined && { reason: shared.text(reason) }),
    ...(announcedBy !== undefined && { announcedBy }),
    ...(condition !== undefined && {
      condition: {
        status: condition.status,
        reason: shared.text(condition.reason),
        // Why there is none is the same for many, which address it is for nobody else.
        message: condition.status === 'True' ? condition.message : shared.text(condition.message),
      },
    }),
  };
}

/** The same with no room to grow: V8 gives lists that were grown room for 16 more. */
function compact<T>(list: readonly T[]): readonly T[] {
  return list.slice();
}

function isFamily(family: string): family is IPFamily {
  return family === 'IPv4' || family === 'IPv6';
}

function present(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === '' ? undefined : trimmed;
}

function policyOf(policy: string | undefined): IPFamilyPolicy {
  return policy === 'PreferDualStack' || policy === 'RequireDualStack' ? policy : 'SingleStack';
}

function selectorText(selector: Readonly<Record<string, string>> | undefined): string {
  const entries = Object.entries(selector ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? '' : JSON.stringify(entries);
}
