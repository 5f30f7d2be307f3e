import type { IPFamily } from '@fairlead/api';
import type { Aged } from './age.ts';

/** `spec.ipFamilyPolicy`. */
export type IPFamilyPolicy = 'SingleStack' | 'PreferDualStack' | 'RequireDualStack';

/** What the allocator has written on a Service, as last seen. */
export interface ObservedStatus {
  /** `status.loadBalancer.ingress[].ip` in order. */
  readonly addresses: readonly string[];
  /** Whether every entry of `ingress` is of the form that we write: an `ip` with `ipMode: VIP` and nothing else. */
  readonly wellFormed: boolean;
  /** The condition `fairlead.dev/AddressesAllocated`. */
  readonly condition?: { readonly status: string; readonly reason: string; readonly message: string };
  /** Annotation `fairlead.dev/allocated-from`. */
  readonly allocatedFrom?: string;
  /** Annotation `fairlead.dev/reason`. */
  readonly reason?: string;
  /** Annotation `fairlead.dev/announced-by`. */
  readonly announcedBy?: string;
}

/**
 * A Service as far as allocation depends on it: whose it is, its wish, and what was written on it. Foreign Services have
 * no such view, unless they have an address of ours.
 */
export interface ServiceView extends Aged {
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  /**
   * `ours`: to be given addresses. `leaving`: it was ours and still shows it, but is being deleted or changed its type.
   * `foreign`: of a class that is not ours, with addresses that an allocator of Fairlead gave it to which it was; they are
   * in use, and nothing is said about them.
   */
  readonly role: 'ours' | 'leaving' | 'foreign';
  /** `spec.ipFamilies`, the primary one first. */
  readonly families: readonly IPFamily[];
  readonly policy: IPFamilyPolicy;
  /** `TCP/80` for each port. */
  readonly ports: readonly string[];
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  /** `spec.selector` in a form in which equal selectors are equal text. */
  readonly selector: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Annotation `fairlead.dev/service-group`. */
  readonly group?: string;
  /** Annotation `fairlead.dev/addresses`. */
  readonly addresses?: string;
  /** `spec.loadBalancerIP`. */
  readonly loadBalancerIP?: string;
  /** Annotation `fairlead.dev/allow-shared-ip`. */
  readonly sharingKey?: string;
  /** Annotation `fairlead.dev/reallocate` is `true`. */
  readonly reallocate: boolean;
  readonly observed: ObservedStatus;
}

function equalLists(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

/** Whether two Services that have the same key, or one Service at two times, are equal in all that sharing depends on. */
function sameSharing(a: ServiceView, b: ServiceView): boolean {
  return (
    a.sharingKey === b.sharingKey &&
    a.externalTrafficPolicy === b.externalTrafficPolicy &&
    a.selector === b.selector &&
    equalLists(a.ports, b.ports)
  );
}

function sameLabels(a: ServiceView, b: ServiceView): boolean {
  const keys = Object.keys(a.labels);
  return (
    a.labels === b.labels ||
    (keys.length === Object.keys(b.labels).length && keys.every((key) => a.labels[key] === b.labels[key]))
  );
}

/** Whether the Service asks for the same as before: type, families, sharing, labels and our annotations. */
export function sameWish(a: ServiceView, b: ServiceView): boolean {
  return (
    a.role === b.role &&
    a.policy === b.policy &&
    a.group === b.group &&
    a.addresses === b.addresses &&
    a.loadBalancerIP === b.loadBalancerIP &&
    a.reallocate === b.reallocate &&
    equalLists(a.families, b.families) &&
    sameSharing(a, b) &&
    sameLabels(a, b)
  );
}
