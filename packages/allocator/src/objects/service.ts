import { ADDRESSES_ALLOCATED, ALLOCATOR_ANNOTATIONS, SERVICE_ANNOTATIONS } from '@fairlead/api';
import type { IPFamily } from '@fairlead/api';
import type { IPFamilyPolicy, ObservedStatus, ServiceView } from '@fairlead/ipam';
import { keyText } from '@fairlead/kube';
import type { Service } from '@fairlead/kube';

/** Which Services are ours. */
export interface Ownership {
  /** The `spec.loadBalancerClass` that is ours. */
  readonly loadBalancerClass: string;
  /** Services without a class are ours as well. */
  readonly isDefaultClass: boolean;
}

const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({});

/**
 * What allocation needs of a Service; undefined for one that is none of our business: another type or another class. One
 * that is being deleted, or stopped being a LoadBalancer, and still shows what we wrote is `leaving`; one of another class
 * that has an address of Fairlead's is `foreign`.
 */
export function projectService(service: Service, ownership: Ownership): ServiceView | undefined {
  const { metadata = {}, spec = {} } = service;
  const observed = observedStatus(service);
  const role = roleOf(service, observed, ownership);
  if (role === undefined) {
    return undefined;
  }
  const annotations = metadata.annotations ?? {};
  const labels = metadata.labels ?? {};
  const wishes = {
    group: present(annotations[SERVICE_ANNOTATIONS.serviceGroup]),
    addresses: present(annotations[SERVICE_ANNOTATIONS.addresses]),
    sharingKey: present(annotations[SERVICE_ANNOTATIONS.allowSharedIP]),
    loadBalancerIP: present(spec.loadBalancerIP),
  };
  return {
    key: keyText(metadata),
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    createdAt: Date.parse(metadata.creationTimestamp ?? '') || 0,
    role,
    families: (spec.ipFamilies ?? []).filter((family): family is IPFamily => family === 'IPv4' || family === 'IPv6'),
    policy: policyOf(spec.ipFamilyPolicy),
    ports: (spec.ports ?? []).map(({ protocol, port }) => `${protocol ?? 'TCP'}/${port}`),
    externalTrafficPolicy: spec.externalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
    selector: selectorText(spec.selector),
    labels: Object.keys(labels).length === 0 ? NO_LABELS : labels,
    reallocate: annotations[SERVICE_ANNOTATIONS.reallocate] === 'true',
    observed,
    ...Object.fromEntries(Object.entries(wishes).filter(([, value]) => value !== undefined)),
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

function observedStatus({ metadata, status }: Service): ObservedStatus {
  const ingress = status?.loadBalancer?.ingress ?? [];
  const condition = status?.conditions?.find(({ type }) => type === ADDRESSES_ALLOCATED);
  const annotations = metadata?.annotations ?? {};
  const written = {
    allocatedFrom: annotations[ALLOCATOR_ANNOTATIONS.allocatedFrom],
    reason: annotations[ALLOCATOR_ANNOTATIONS.reason],
    announcedBy: annotations[ALLOCATOR_ANNOTATIONS.announcedBy],
    condition: condition && { status: condition.status, reason: condition.reason, message: condition.message },
  };
  return {
    addresses: ingress.flatMap(({ ip }) => (ip === undefined ? [] : [ip])),
    wellFormed: ingress.every(
      ({ ip, ipMode, hostname, ports }) =>
        ip !== undefined && ipMode === 'VIP' && hostname === undefined && (ports ?? []).length === 0,
    ),
    ...Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined)),
  };
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
