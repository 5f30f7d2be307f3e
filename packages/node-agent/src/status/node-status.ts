import {
  compareAddresses,
  formatAddress,
  formatPrefix,
  lanName,
  LOCAL_ADDRESSES_LISTED,
  NODE_STATUS_LIMITS as LIMITS,
} from '@fairlead/api';
import type { Condition, LBNodeStatusStatus, NodeRouterStatus, Prefix } from '@fairlead/api';
import type { HeldAddress } from '../election/types.ts';
import type { Fitness } from '../facts/exclusion.ts';
import type { Segment } from '../plan/types.ts';
import { conditionsOf } from './condition.ts';
import type { Finding } from './condition.ts';

type ListedAddress = NonNullable<LBNodeStatusStatus['localAddresses']>[number];
type NodeInterface = NonNullable<LBNodeStatusStatus['interfaces']>[number];

/** Longest text of a status message (the CRD's bound). */
const MESSAGE_LENGTH = 1024;

/** Bytes of the whole status in JSON, which all peers read with each change: addresses are listed as far as there is room. */
const MOST_BYTES = 32 * 1024;
/** So many are listed in any case. */
const LEAST_LISTED = 10;

/** What {@link nodeStatus} tells. */
export interface NodeStatusInput {
  readonly segments: readonly Segment[];
  readonly fitness: Fitness;
  readonly nodeLabels: Readonly<Record<string, string>>;
  readonly held: readonly HeldAddress[];
  readonly virtualCount: number;
  readonly router: NodeRouterStatus | undefined;
  readonly findings: readonly Finding[];
  /** Conditions as they were last written. */
  readonly previousConditions: readonly Condition[];
  readonly previousFitness: LBNodeStatusStatus['fitness'];
  /** MAC addresses that an interface had in the last day, by its name. */
  readonly formerMACs: ReadonlyMap<string, readonly string[]>;
  /** RFC 3339. */
  readonly now: string;
}

/** The status of this node's LBNodeStatus. Pure; bounded whatever the node has. */
export function nodeStatus(input: NodeStatusInput): LBNodeStatusStatus {
  const { segments, fitness, held, router, previousFitness, now, formerMACs } = input;
  const since = previousFitness?.state === fitness.state ? (previousFitness.since ?? now) : now;
  const status = {
    interfaces: segments.slice(0, LIMITS.interfaces).map((segment) => interfaceOf(segment, formerMACs)),
    subnets: [...new Set(subnetsOf(segments).map(formatPrefix))].sort().slice(0, LIMITS.allSubnets),
    fitness: { state: fitness.state, reason: fitness.reason, message: fitness.message.slice(0, MESSAGE_LENGTH), since },
    nodeLabels: Object.fromEntries(Object.entries(input.nodeLabels).slice(0, LIMITS.labels)),
    localCount: held.length,
    virtualCount: input.virtualCount,
    localAddresses: [],
    truncated: false,
    ...(router === undefined
      ? {}
      : { router: { ...router, sessions: router.sessions?.slice(0, LIMITS.sessions) ?? [] } }),
    conditions: [
      ...conditionsOf(
        input.findings.map((finding) => ({ ...finding, message: finding.message.slice(0, MESSAGE_LENGTH) })),
        input.previousConditions,
        now,
      ),
    ],
  };
  const localAddresses = fitting(firstAddresses(input), MOST_BYTES - JSON.stringify(status).length);
  return { ...status, localAddresses, truncated: held.length > localAddresses.length };
}

/** The first addresses by number, at most as many as the resource lists. */
function firstAddresses({ held, segments }: NodeStatusInput): ListedAddress[] {
  const names = new Map(segments.map((segment) => [segment.index, segment.name]));
  return held
    .toSorted((a, b) => compareAddresses(a.address, b.address))
    .slice(0, LOCAL_ADDRESSES_LISTED)
    .map(({ address, interfaceIndex, services, since: from }) => ({
      address: formatAddress(address),
      interface: names.get(interfaceIndex) ?? String(interfaceIndex),
      service: services[0] ?? '',
      since: new Date(from).toISOString(),
    }));
}

/** The first entries of which so many bytes of JSON have room; at least a few. */
function fitting(entries: readonly ListedAddress[], bytes: number): ListedAddress[] {
  let left = bytes;
  const beyond = entries.findIndex((entry, position) => {
    left -= JSON.stringify(entry).length + 1;
    return left < 0 && position >= LEAST_LISTED;
  });
  return entries.slice(0, beyond === -1 ? entries.length : beyond);
}

function interfaceOf(segment: Segment, formerMACs: NodeStatusInput['formerMACs']): NodeInterface {
  const { name, mac, carrier, ownAddresses, linkLocal, subnets } = segment;
  const former = formerMACs.get(name);
  return {
    name,
    mac,
    carrier,
    addresses: ownAddresses
      .map(({ address, length }) => `${formatAddress(address)}/${length}`)
      .sort()
      .slice(0, LIMITS.addresses),
    ...(linkLocal === undefined ? {} : { linkLocal: formatAddress(linkLocal) }),
    subnets: subnets.map(formatPrefix).sort().slice(0, LIMITS.subnets),
    lans: subnets.map(lanName).sort().slice(0, LIMITS.subnets),
    ...(former === undefined ? {} : { formerMACs: [...former] }),
  };
}

/** All subnets of the interfaces, each once. */
export function subnetsOf(segments: readonly Segment[]): Prefix[] {
  const found = new Map<string, Prefix>();
  for (const subnet of segments.flatMap(({ subnets }) => subnets)) {
    found.set(formatPrefix(subnet), subnet);
  }
  return [...found.values()];
}
