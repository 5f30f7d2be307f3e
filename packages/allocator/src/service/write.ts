import {
  ADDRESSES_ALLOCATED,
  ALLOCATOR_ANNOTATIONS,
  API_VERSION,
  EVENT_REASONS,
  SERVICE_ANNOTATIONS,
} from '@fairlead/api';
import type { EventReason, Refusal, RefusalObject } from '@fairlead/api';
import type { ObservedStatus, ServiceView, Verdict } from '@fairlead/ipam';
import { conditionText, listNames } from '@fairlead/ipam';
import type { ObjectReference } from '@fairlead/kube';

/** An event to record once the write has succeeded. */
export interface ServiceEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: EventReason;
  readonly action: string;
  readonly note: string;
  /** The object to look at, where it is another than the Service. */
  readonly related?: ObjectReference;
  /** Events of one topic are one series. */
  readonly topic?: string;
}

/** The one request that makes a Service say its verdict. */
export interface ServiceWrite {
  /** Strategic merge patch of `services/NAME/status`; guarded by uid and resourceVersion. */
  readonly patch: Readonly<Record<string, unknown>>;
  readonly events: readonly ServiceEvent[];
  /** A refusal that the Service did not say before. */
  readonly refusal: Refusal | undefined;
}

type Annotations = Record<string, string | null>;

/**
 * What has to be written so that the Service says the verdict; undefined when it does already.
 * @param options.time RFC 3339, for the condition
 * @param options.restores the Service said so before and somebody has changed it
 * @param options.stood addresses that are known to have stood on it: the API server itself takes them away when the type
 *   changes
 */
export function planWrite(
  view: ServiceView,
  verdict: Verdict,
  options: { readonly time: string; readonly restores: boolean; readonly stood: readonly string[] },
): ServiceWrite | undefined {
  const { observed } = view;
  const annotations = annotationChanges(view, verdict);
  const ingress = ingressChange(observed, verdict);
  const condition = conditionChange(observed, verdict, options.time);
  if (annotations === undefined && ingress === undefined && condition === undefined) {
    return undefined;
  }
  const { uid, resourceVersion } = view;
  return {
    patch: {
      metadata: { uid, resourceVersion, ...(annotations === undefined ? {} : { annotations }) },
      status: { ...ingress, ...(condition === undefined ? {} : { conditions: [condition] }) },
    },
    events: eventsOf(view, verdict, options),
    refusal: newRefusal(observed, verdict),
  };
}

/** The event of a refusal. */
export function refusalEvent(view: ServiceView, { token, sentence, object }: Refusal, topic: string): ServiceEvent {
  const isOther =
    object !== undefined &&
    (object.kind !== 'Service' || object.namespace !== view.namespace || object.name !== view.name);
  return {
    type: 'Warning',
    reason: EVENT_REASONS.allocationFailed,
    action: 'Allocate',
    note: `${token}: ${sentence}`,
    topic,
    ...(isOther ? { related: referenceTo(object) } : {}),
  };
}

/** The event of a write that the API server refuses, in its words; it says what the status cannot. */
export function writeRefusedEvent(error: string): ServiceEvent {
  return {
    type: 'Warning',
    reason: EVENT_REASONS.allocationFailed,
    action: 'WriteStatus',
    note: `The API server refuses what is to stand in the status: ${error}`,
    topic: 'WriteStatus',
  };
}

function referenceTo({ kind, namespace, name }: RefusalObject): ObjectReference {
  const apiVersion = kind === 'Service' ? 'v1' : API_VERSION;
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

function newRefusal({ condition }: ObservedStatus, verdict: Verdict): Refusal | undefined {
  const refusal = verdict.kind === 'allocated' ? verdict.refusal : undefined;
  const isSaid = condition?.reason === refusal?.token && condition?.message === refusal?.sentence;
  return isSaid ? undefined : refusal;
}

/** Whether the addresses on the Service are those of the verdict. */
function saysAddresses(observed: ObservedStatus, verdict: Verdict): boolean {
  const wanted = addressesOf(verdict);
  return (
    observed.wellFormed &&
    observed.addresses.length === wanted.length &&
    wanted.every((address, index) => observed.addresses[index] === address)
  );
}

/** The addresses that are to stand on the Service. */
export function addressesOf(verdict: Verdict): readonly string[] {
  return verdict.kind === 'allocated' ? verdict.addresses : [];
}

/** Always with `ipMode`: without it the API server's default would make each Service look changed. */
function ingressChange(observed: ObservedStatus, verdict: Verdict): Record<string, unknown> | undefined {
  if (saysAddresses(observed, verdict)) {
    return undefined;
  }
  const addresses = addressesOf(verdict);
  const ingress = addresses.length === 0 ? null : addresses.map((ip) => ({ ip, ipMode: 'VIP' }));
  return { loadBalancer: { ingress } };
}

function conditionChange(observed: ObservedStatus, verdict: Verdict, time: string): unknown {
  const before = observed.condition;
  if (verdict.kind === 'cleared') {
    return before === undefined ? undefined : { $patch: 'delete', type: ADDRESSES_ALLOCATED };
  }
  const { status, reason, message } = conditionText(verdict);
  if (before !== undefined && before.status === status && before.reason === reason && before.message === message) {
    return undefined;
  }
  const text = { type: ADDRESSES_ALLOCATED, status, reason, message };
  return before?.status === status ? text : { ...text, lastTransitionTime: time };
}

function annotationChanges(view: ServiceView, verdict: Verdict): Annotations | undefined {
  const { observed } = view;
  const allocated = verdict.kind === 'allocated' ? verdict : undefined;
  const wanted = {
    [ALLOCATOR_ANNOTATIONS.allocatedFrom]: [observed.allocatedFrom, allocated?.group],
    [ALLOCATOR_ANNOTATIONS.reason]: [observed.reason, allocated?.refusal?.sentence],
  };
  const changes: Annotations = {};
  for (const [name, [before, after]] of Object.entries(wanted)) {
    if (before !== after) {
      changes[name] = after ?? null;
    }
  }
  // Who announces is copied by a loop of its own; with the addresses it has to go at once.
  if (observed.announcedBy !== undefined && addressesOf(verdict).length === 0) {
    changes[ALLOCATOR_ANNOTATIONS.announcedBy] = null;
  }
  if (allocated?.moved === true) {
    changes[SERVICE_ANNOTATIONS.reallocate] = null;
  }
  return Object.keys(changes).length === 0 ? undefined : changes;
}

function eventsOf(
  view: ServiceView,
  verdict: Verdict,
  { restores, stood }: { readonly restores: boolean; readonly stood: readonly string[] },
): readonly ServiceEvent[] {
  const { observed } = view;
  const after = addressesOf(verdict);
  if (restores && !saysAddresses(observed, verdict)) {
    const note = `Somebody changed status.loadBalancer; put back ${listNames(after) || 'no address'}`;
    return [{ type: 'Warning', reason: EVENT_REASONS.statusRestored, action: 'RestoreStatus', note }];
  }
  const added = after.filter((address) => !observed.addresses.includes(address));
  const removed = [...new Set([...observed.addresses, ...stood])].filter((address) => !after.includes(address));
  return [
    ...(removed.length === 0 ? [] : [released(removed)]),
    ...(verdict.kind === 'allocated' ? allocationEvents(view, verdict, added) : []),
  ];
}

function released(addresses: readonly string[]): ServiceEvent {
  const note = `Released ${listNames(addresses)}`;
  return { type: 'Normal', reason: EVENT_REASONS.addressReleased, action: 'Release', note };
}

function allocationEvents(
  { loadBalancerIP, addresses }: ServiceView,
  { group }: Extract<Verdict, { kind: 'allocated' }>,
  added: readonly string[],
): ServiceEvent[] {
  const events: ServiceEvent[] = [];
  if (added.length > 0) {
    const note = `Assigned ${listNames(added)} from ServiceGroup ${group}`;
    events.push({ type: 'Normal', reason: EVENT_REASONS.addressAssigned, action: 'Allocate', note });
    if (loadBalancerIP !== undefined && addresses === undefined) {
      const advice = `spec.loadBalancerIP is deprecated by Kubernetes; write the annotation ${SERVICE_ANNOTATIONS.addresses} instead`;
      events.push({
        type: 'Warning',
        reason: EVENT_REASONS.loadBalancerIPDeprecated,
        action: 'Allocate',
        note: advice,
      });
    }
  }
  return events;
}
