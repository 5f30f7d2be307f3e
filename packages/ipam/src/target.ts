import type { IPFamily, Refusal } from '@fairlead/api';
import { formatAddress, quote } from '@fairlead/api';
import type { Allocation, World } from './allocation.ts';
import type { Group } from './group.ts';
import { refusalOfGroup, refusalOfService, shownName } from './refusal.ts';
import type { BusyAddress } from './waiting.ts';

/** Groups that a Service may draw from, in the order in which they are tried; or why there is none. */
export type Target =
  | { readonly kind: 'groups'; readonly groups: readonly Group[] }
  /** The labels of its Namespace have to be known first. */
  | { readonly kind: 'pending'; readonly refusal: Refusal }
  /** `busy`: what it asks for and others have. */
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly busy?: readonly BusyAddress[] };

/** Which groups the Service may draw from now. */
export function targetOf(service: Allocation, world: World): Target {
  const { view, request } = service;
  if (view.families.length === 0) {
    const sentence = 'The Service has no spec.ipFamilies; write IPv4, IPv6 or both';
    return { kind: 'refused', refusal: refusalOfService(view, 'NoFamilies', sentence) };
  }
  if (!request.ok) {
    return { kind: 'refused', refusal: request.refusal };
  }
  const leavesHome = service.wantsToMove || (view.group !== undefined && view.group !== service.group);
  if (!service.hasAllRequested || (leavesHome && request.addresses.size > 0)) {
    return requestedTarget(service, [...request.addresses], world);
  }
  if (view.group !== undefined) {
    return namedTarget(service, view.group, world);
  }
  if (service.holds.size > 0 && service.group !== undefined && !service.wantsToMove) {
    return namedTarget(service, service.group, world);
  }
  return automaticTarget(service, world);
}

function namedTarget(service: Allocation, name: string, world: World): Target {
  const group = world.catalogue.groups.get(name);
  if (group === undefined) {
    const sentence =
      service.view.group === undefined
        ? `There is no ServiceGroup ${quote(name)} any more, where the other address is from; make the group, or move the Service with the annotation fairlead.dev/reallocate`
        : `There is no ServiceGroup ${quote(name)}; correct the annotation fairlead.dev/service-group, or make the group`;
    return { kind: 'refused', refusal: refusalOfService(service.view, 'GroupNotFound', sentence) };
  }
  return permitted(service, group, world);
}

function pending({ view }: Allocation): Target {
  const sentence = `The labels of Namespace ${view.namespace} are not known yet; nothing is to be done, it takes a moment`;
  return { kind: 'pending', refusal: refusalOfService(view, 'NamespaceUnknown', sentence) };
}

function permitted(service: Allocation, group: Group, world: World): Target {
  const labels = world.labelsOf(service.view.namespace);
  if (labels === undefined && group.looksAtNamespaces) {
    return pending(service);
  }
  if (!group.permits(service.view, labels)) {
    const sentence = `ServiceGroup ${group.name} does not select this Service; name another group, or change its assign.namespaceSelector or assign.serviceSelector`;
    return { kind: 'refused', refusal: refusalOfGroup(group.name, 'NotPermitted', sentence) };
  }
  if (group.draining) {
    const sentence = `ServiceGroup ${group.name} is draining and gives no new addresses; name another group, or set its draining to false`;
    return { kind: 'refused', refusal: refusalOfGroup(group.name, 'GroupDraining', sentence) };
  }
  return { kind: 'groups', groups: [group] };
}

/** A Service that asks for addresses draws from the group that has them, be it `assign.auto` or not. */
function requestedTarget(
  service: Allocation,
  requested: readonly (readonly [IPFamily, bigint])[],
  world: World,
): Target {
  const { view } = service;
  let target: Group | undefined;
  const busy: BusyAddress[] = [];
  let refusal: Refusal | undefined;
  for (const [family, value] of requested) {
    const text = formatAddress({ family, value });
    const group = world.catalogue.groupOf(world.catalogue.poolOf(family, value));
    const isHeld = service.holds.get(family)?.value === value;
    if (group === undefined && isHeld && requested.length > 1) {
      // An orphan, which binds it to no group.
      continue;
    }
    if (group === undefined) {
      const sentence = `No ServiceGroup has ${text}; ask for another address, or add it to a pool`;
      return { kind: 'refused', refusal: refusalOfService(view, 'AddressNotInAnyGroup', sentence) };
    }
    const expected = view.group ?? target?.name;
    if (expected !== undefined && expected !== group.name) {
      const sentence = `${text} is in ServiceGroup ${group.name} and not in ${shownName(expected)}, and a Service draws from one group; ask for another address${view.group === undefined ? '' : `, or name ${group.name}`}`;
      return { kind: 'refused', refusal: refusalOfService(view, 'AddressNotInGroup', sentence) };
    }
    target = group;
    const may = permitted(service, group, world);
    if (may.kind !== 'groups') {
      return may;
    }
    if (isHeld) {
      continue;
    }
    if (group.free.get(family)?.isUsable(value) !== true) {
      const sentence = `ServiceGroup ${group.name} never hands out ${text}: it is excluded, skipped by avoidBuggyIPs, or an address of the subnet itself`;
      return { kind: 'refused', refusal: refusalOfGroup(group.name, 'AddressExcluded', sentence) };
    }
    const clash = world.holdingOf(family, value)?.clashWith(view, group);
    if (clash !== undefined) {
      busy.push({ family, value, namespaceOnly: group.namespaceOnly });
      refusal ??= refusalOfService(view, clash.token, `${text}: Service ${clash.with.view.key} ${clash.because}`);
    }
  }
  if (refusal !== undefined) {
    return { kind: 'refused', refusal, busy };
  }
  if (target === undefined) {
    const sentence =
      'No ServiceGroup has the addresses that the Service asks for; ask for others, or add them to a pool';
    return { kind: 'refused', refusal: refusalOfService(view, 'AddressNotInAnyGroup', sentence) };
  }
  return { kind: 'groups', groups: [target] };
}

function automaticTarget(service: Allocation, world: World): Target {
  const { view } = service;
  const { automatic, groups, permitted: groupsFor } = world.catalogue;
  const labels = world.labelsOf(view.namespace);
  if (labels === undefined && groupsFor.looksAtNamespaces) {
    return pending(service);
  }
  const mine = groupsFor.of(view, labels);
  const giving = mine.some((group) => group.draining) ? mine.filter((group) => !group.draining) : mine;
  const [first] = mine;
  if (giving.length > 0) {
    return { kind: 'groups', groups: giving };
  }
  if (first !== undefined) {
    const sentence = `ServiceGroup ${first.name} is draining and gives no new addresses; name another group, or set its draining to false`;
    return { kind: 'refused', refusal: refusalOfGroup(first.name, 'GroupDraining', sentence) };
  }
  return {
    kind: 'refused',
    refusal: refusalOfService(view, 'NoGroup', noGroupSentence(groups.size, automatic.length)),
  };
}

function noGroupSentence(groups: number, automatic: number): string {
  if (groups === 0) {
    return 'There is no ServiceGroup; make one';
  }
  return automatic === 0
    ? 'No ServiceGroup is assign.auto; name one with the annotation fairlead.dev/service-group'
    : 'No ServiceGroup that is assign.auto selects this Service; name one with the annotation fairlead.dev/service-group, or change its selectors';
}
