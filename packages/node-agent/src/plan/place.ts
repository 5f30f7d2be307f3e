import { addressBits, hostPrefix, matchesSelector, prefixContains, prefixOf, sameAddress } from '@fairlead/api';
import type { Address, Prefix } from '@fairlead/api';
import { DEFAULT_HOLDER_POLICY } from '../election/types.ts';
import { selectsInterface } from './interface-selector.ts';
import type { Surroundings } from './surroundings.ts';
import type { GroupFacts, NodeLabels, Placement, PlanConfig, PoolFacts, RefusedAggregate, Segment } from './types.ts';

/** A group as it looks from this node: what can be decided once for all its addresses. */
export interface GroupView {
  readonly group: GroupFacts | undefined;
  /** Whether this node may announce its addresses. */
  readonly allowed: boolean;
  /** Every node that may announce them, with the sum of the weights of the preferences that it meets. */
  readonly preferences: ReadonlyMap<string, number>;
  /** Interfaces that may carry its local addresses. */
  readonly segments: readonly Segment[];
}

/** Decides once what all addresses of a group share; without a group (deleted, or never known) the defaults hold. */
export function viewGroup(group: GroupFacts | undefined, config: PlanConfig): GroupView {
  const selected = config.nodes.filter(
    ({ labels }) => group?.nodeSelector === undefined || matchesSelector(group.nodeSelector, labels),
  );
  const preferences = new Map(selected.map(({ name, labels }) => [name, preferenceOf(group, labels)]));
  const interfaces = group?.interfaces;
  return {
    group,
    allowed: preferences.has(config.node),
    preferences,
    segments: config.segments.filter((segment) =>
      interfaces === undefined ? segment.local : interfaces.some((selector) => selectsInterface(selector, segment)),
    ),
  };
}

function preferenceOf(group: GroupFacts | undefined, labels: NodeLabels['labels']): number {
  return (group?.preferredNodes ?? [])
    .filter(({ preference }) => matchesSelector(preference, labels))
    .reduce((sum, { weight }) => sum + weight, 0);
}

/** What {@link place} decides about. */
export interface PlaceInput {
  readonly address: Address;
  readonly view: GroupView;
  readonly config: PlanConfig;
  readonly surroundings: Surroundings;
  /** `externalTrafficPolicy: Local`. */
  readonly endpointsOnly: boolean;
  /** The nodes where a ready endpoint runs; undefined while its EndpointSlices are not read yet. */
  readonly readyNodes: ReadonlySet<string> | undefined;
}

/** Where one address of one Service belongs on this node. Pure; the whole rule of "local or virtual" is here. */
export function place(input: PlaceInput): Placement {
  const { address, view, config } = input;
  const mode = view.group?.mode ?? 'Auto';
  if (!view.allowed) {
    const local = mode === 'Local' || (mode === 'Auto' && config.lans.some((lan) => prefixContains(lan, address)));
    return (local ? placeElsewhere(input) : undefined) ?? { type: 'none', reason: 'node-not-selected' };
  }
  switch (mode) {
    case 'Virtual':
      return placeVirtual(input);
    case 'Local':
      return placeLocal(input);
    case 'Auto': {
      if (config.lans.some((lan) => prefixContains(lan, address))) {
        return placeLocal(input);
      }
      // A LAN that is not registered yet must not turn its addresses into routed ones.
      return config.lansComplete ? placeVirtual(input) : { type: 'hold' };
    }
    default:
      return mode satisfies never;
  }
}

function placeLocal(input: PlaceInput): Placement {
  const { address, view, config, endpointsOnly, readyNodes } = input;
  const policy = view.group?.policy ?? DEFAULT_HOLDER_POLICY;
  const segment = segmentOf(address, view.segments);
  if (segment === undefined) {
    const reason = view.segments.length === 0 ? 'no-interface' : 'on-another-lan';
    return placeElsewhere(input) ?? { type: 'none', reason };
  }
  if (hasOwn(segment, address)) {
    return { type: 'none', reason: 'address-in-use-by-network' };
  }
  if (!endpointsOnly) {
    return {
      type: 'local',
      interfaceIndex: segment.index,
      preferences: view.preferences,
      eligible: true,
      barred: false,
      policy,
    };
  }
  if (readyNodes === undefined) {
    return { type: 'hold' };
  }
  return {
    type: 'local',
    interfaceIndex: segment.index,
    preferences: new Map([...view.preferences].filter(([node]) => readyNodes.has(node))),
    eligible: readyNodes.has(config.node),
    barred: false,
    policy,
  };
}

/**
 * A local address that other nodes may have and this one may not, or not on that interface (any more): this node knows
 * them, so that one of them has it before it goes from here. Undefined: there are none, or this node is on no such LAN.
 */
function placeElsewhere(input: PlaceInput): Placement | undefined {
  const { address, view, config, endpointsOnly, readyNodes } = input;
  const segment = segmentOf(address, config.segments);
  if (segment !== undefined && endpointsOnly && readyNodes === undefined) {
    return { type: 'hold' };
  }
  const preferences = new Map(
    [...view.preferences].filter(
      ([node]) => node !== config.node && (!endpointsOnly || readyNodes?.has(node) === true),
    ),
  );
  if (segment === undefined || preferences.size === 0 || hasOwn(segment, address)) {
    return undefined;
  }
  const policy = view.group?.policy ?? DEFAULT_HOLDER_POLICY;
  return { type: 'local', interfaceIndex: segment.index, preferences, eligible: false, barred: true, policy };
}

function segmentOf(address: Address, segments: readonly Segment[]): Segment | undefined {
  return segments.find(({ subnets }) => subnets.some((subnet) => prefixContains(subnet, address)));
}

function hasOwn({ ownAddresses }: Segment, address: Address): boolean {
  return ownAddresses.some((own) => sameAddress(own.address, address));
}

function placeVirtual({ address, view, config, surroundings, endpointsOnly, readyNodes }: PlaceInput): Placement {
  if (config.excluded) {
    return { type: 'none', reason: 'node-excluded' };
  }
  if (surroundings.has(address)) {
    return { type: 'none', reason: 'address-in-use-by-network' };
  }
  const host = hostPrefix(address);
  const pool = poolOf(address, view.group);
  if (endpointsOnly) {
    if (readyNodes === undefined) {
      return { type: 'hold' };
    }
    return readyNodes.has(config.node) ? virtual({ route: host, pool, view }) : { type: 'none', reason: 'no-endpoint' };
  }
  const length = pool?.routeLength ?? view.group?.routeLength[address.family] ?? addressBits(address.family);
  const aggregate = prefixOf(address, length);
  const overlaps = isHost(aggregate) ? undefined : surroundings.overlap(aggregate);
  if (overlaps === undefined) {
    return virtual({ route: aggregate, pool, view });
  }
  return virtual({ route: host, pool, view, refused: { prefix: aggregate, group: view.group?.name ?? '', overlaps } });
}

function virtual(options: {
  readonly route: Prefix;
  readonly pool: PoolFacts | undefined;
  readonly view: GroupView;
  readonly refused?: RefusedAggregate;
}): Placement {
  const { route, pool, view, refused } = options;
  const group = view.group === undefined ? {} : { group: view.group.name };
  return { type: 'virtual', route, refused, stray: pool === undefined ? { prefix: route, ...group } : undefined };
}

/** The pool of the group that has the address. */
function poolOf(address: Address, group: GroupFacts | undefined): PoolFacts | undefined {
  return group?.pools.find(
    ({ first, last }) => first.family === address.family && first.value <= address.value && address.value <= last.value,
  );
}

function isHost(prefix: Prefix): boolean {
  return prefix.length === addressBits(prefix.address.family);
}
