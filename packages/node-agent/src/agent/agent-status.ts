import { parseDuration } from '@fairlead/api';
import type { LBNodeAgentSpec, LBNodeStatusStatus } from '@fairlead/api';
import type { SettingsProblem } from '../cluster/last-good.ts';
import type { Fitness } from '../facts/exclusion.ts';
import type { Gate } from '../health/data-path.ts';
import type { Planner } from '../plan/planner.ts';
import type { Finding } from '../status/condition.ts';
import { nodeStatus } from '../status/node-status.ts';
import { findingsOf } from './findings.ts';
import type { HostFindings } from './host-watch.ts';
import type { KernelSide } from './kernel-side.ts';
import type { LocalSide } from './local-side.ts';
import type { RouterSide } from './router-side.ts';
import type { SegmentWatch } from './segment-watch.ts';

/** Addresses in a condition's message. */
const NAMED = 20;

/** What LBNodeStatus tells of, as it is now. */
export interface StatusSources {
  readonly interfaces: SegmentWatch;
  readonly kernel: KernelSide;
  readonly local: LocalSide;
  readonly router: RouterSide;
  readonly planner: Planner | undefined;
  readonly gate: Gate;
  readonly gateURL: URL | undefined;
  readonly fitness: Fitness;
  readonly nodeLabels: Readonly<Record<string, string>>;
  readonly spec: LBNodeAgentSpec;
  /** Why another LBNodeAgent is not in use. */
  readonly settingsProblems: readonly SettingsProblem[];
  readonly host: HostFindings;
  /** What is waited for before anything is announced. */
  readonly waiting: string | undefined;
}

/** This node's status as all sides have it now, given what was last written. */
export function agentStatus(sources: StatusSources, previous: LBNodeStatusStatus | undefined): LBNodeStatusStatus {
  const { interfaces, local, router, planner, fitness, nodeLabels } = sources;
  return nodeStatus({
    segments: interfaces.segments,
    fitness,
    nodeLabels,
    held: local.held(),
    virtualCount: planner?.virtualCount ?? 0,
    router: router.nodeStatus(),
    findings: agentFindings(sources),
    previousConditions: previous?.conditions ?? [],
    previousFitness: previous?.fitness,
    formerMACs: interfaces.formerMACs,
    now: new Date().toISOString(),
  });
}

function agentFindings(sources: StatusSources): Finding[] {
  const { interfaces, kernel, local, router, planner, gate, gateURL, spec, settingsProblems, host, waiting } = sources;
  return findingsOf({
    gate: gate.state,
    gateURL: gateURL?.href,
    hasSegments: interfaces.segments.length > 0,
    settingsProblems,
    dummyKind: kernel.dummy.kind,
    dummyInterface: kernel.dummy.name,
    kernelProblem: kernel.problem,
    refusedAggregates: planner?.refusedAggregates() ?? [],
    usedByNetwork: planner?.unplaced('address-in-use-by-network', NAMED) ?? [],
    host,
    lifetime: { asked: parseDuration(spec.addressLifetime), used: kernel.lifetimeMs },
    router: router.verdict(),
    proxied: local.proxied().map(({ interfaceIndex, subnet, mac }) => ({
      interface: kernel.state.links.get(interfaceIndex)?.name ?? `interface ${interfaceIndex}`,
      subnet,
      mac,
    })),
    waiting,
  });
}
