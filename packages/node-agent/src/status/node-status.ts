import { compareAddresses, formatAddress, formatPrefix, lanName, LOCAL_ADDRESSES_LISTED } from '@fairlead/api';
import type { Condition, LBNodeStatusStatus, NodeRouterStatus, Prefix } from '@fairlead/api';
import type { HeldAddress } from '../election/types.ts';
import type { Fitness } from '../facts/exclusion.ts';
import type { Segment } from '../plan/types.ts';
import { conditionsOf } from './condition.ts';
import type { Finding } from './condition.ts';

/** Longest text of a status message (the CRD's bound). */
const MESSAGE_LENGTH = 1024;

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
  const names = new Map(segments.map((segment) => [segment.index, segment.name]));
  const since = previousFitness?.state === fitness.state ? (previousFitness.since ?? now) : now;
  return {
    interfaces: segments.map((segment) => ({
      name: segment.name,
      mac: segment.mac,
      carrier: segment.carrier,
      addresses: segment.ownAddresses.map(({ address, length }) => `${formatAddress(address)}/${length}`).sort(),
      ...(segment.linkLocal === undefined ? {} : { linkLocal: formatAddress(segment.linkLocal) }),
      subnets: segment.subnets.map(formatPrefix).sort(),
      lans: segment.subnets.map(lanName).sort(),
      ...(formerMACs.has(segment.name) ? { formerMACs: [...(formerMACs.get(segment.name) ?? [])] } : {}),
    })),
    subnets: [...new Set(subnetsOf(segments).map(formatPrefix))].sort(),
    fitness: { state: fitness.state, reason: fitness.reason, message: fitness.message.slice(0, MESSAGE_LENGTH), since },
    nodeLabels: input.nodeLabels,
    localCount: held.length,
    virtualCount: input.virtualCount,
    localAddresses: held
      .toSorted((a, b) => compareAddresses(a.address, b.address))
      .slice(0, LOCAL_ADDRESSES_LISTED)
      .map(({ address, interfaceIndex, services, since: from }) => ({
        address: formatAddress(address),
        interface: names.get(interfaceIndex) ?? String(interfaceIndex),
        service: services[0] ?? '',
        since: new Date(from).toISOString(),
      })),
    truncated: held.length > LOCAL_ADDRESSES_LISTED,
    ...(router === undefined ? {} : { router }),
    conditions: [
      ...conditionsOf(
        input.findings.map((finding) => ({ ...finding, message: finding.message.slice(0, MESSAGE_LENGTH) })),
        input.previousConditions,
        now,
      ),
    ],
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
