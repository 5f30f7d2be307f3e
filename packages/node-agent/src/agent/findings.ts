import { formatPrefix } from '@fairlead/api';
import type { Prefix } from '@fairlead/api';
import type { RouterVerdict } from '@fairlead/router';
import { ForeignInterfaceError, IPv6DisabledError } from '../apply/dummy-interface.ts';
import type { SettingsProblem } from '../cluster/last-good.ts';
import type { GateState } from '../health/data-path.ts';
import type { NetworkDaemon } from '../facts/host-settings.ts';
import type { RefusedAggregate } from '../plan/types.ts';
import type { Finding } from '../status/condition.ts';
import type { HostFindings } from './host-watch.ts';

/** So many addresses or aggregates are named in a message. */
const NAMED = 5;

/** What stands in the agent's way, as far as it is known. */
export interface Troubles {
  readonly gate: GateState;
  readonly gateURL: string | undefined;
  readonly hasSegments: boolean;
  /** Why an LBNodeAgent is not in use as written. */
  readonly settingsProblems: readonly SettingsProblem[];
  /** Kind of the interface for virtual addresses; `ifb` is a stand-in. */
  readonly dummyKind: string | undefined;
  readonly dummyInterface: string;
  /** What stands in the way in the kernel, while it does: a refusal, or the interface for virtual addresses. */
  readonly kernelProblem: Error | undefined;
  readonly refusedAggregates: readonly RefusedAggregate[];
  /** Addresses that the network itself uses, as text. */
  readonly usedByNetwork: readonly string[];
  /** What is wrong with the host, and what others keep removing. */
  readonly host: HostFindings;
  /** Set where `addressLifetime` is too short for as many addresses; in ms. */
  readonly lifetime: { readonly asked: number; readonly used: number };
  readonly router: RouterVerdict | undefined;
  /** Subnets on which some station answers for every address. */
  readonly proxied: readonly { readonly interface: string; readonly subnet: Prefix; readonly mac: string }[];
  /** What is waited for before anything is announced. */
  readonly waiting: string | undefined;
}

/** What makes a daemon leave alone what it does not know. */
const CURES: readonly (readonly [NetworkDaemon, string])[] = [
  ['NetworkManager', 'set the addresses on a connection that it does not manage, or mark the interface as unmanaged'],
  ['systemd-networkd', 'KeepConfiguration=yes in the .network file, ManageForeignRoutes=no in networkd.conf'],
];

/** The conditions of LBNodeStatus: `Ready` always, and one for each trouble that there is. Pure. */
export function findingsOf(troubles: Troubles): Finding[] {
  const found = troublesFound(troubles);
  const first = found.find(({ blocking }) => blocking);
  const ready: Finding =
    first === undefined
      ? { type: 'Ready', status: 'True', reason: 'Ready', message: 'the agent does all it should' }
      : { type: 'Ready', status: 'False', reason: first.type, message: first.message };
  return [
    ready,
    ...found.map(({ type, message }): Finding => ({ type, status: 'True', reason: type, message })),
    ...(troubles.router === undefined
      ? []
      : [
          {
            type: 'RouterReady',
            status: troubles.router.ready ? ('True' as const) : ('False' as const),
            reason: troubles.router.reason,
            message: troubles.router.message,
          },
        ]),
  ];
}

interface Trouble {
  readonly type: string;
  readonly message: string;
  /** Whether the agent cannot do its job because of it. */
  readonly blocking: boolean;
}

function troublesFound(troubles: Troubles): Trouble[] {
  const { kernelProblem, refusedAggregates, usedByNetwork, dummyInterface, host, lifetime } = troubles;
  const { contested, daemons } = host;
  const found: Trouble[] = [];
  const find = (type: string, blocking: boolean, message: string): void => {
    found.push({ type, message, blocking });
  };
  if (troubles.waiting !== undefined) {
    find('Waiting', true, troubles.waiting);
  }
  if (kernelProblem instanceof ForeignInterfaceError) {
    find('InvalidDummyInterface', true, kernelProblem.message);
  } else if (kernelProblem instanceof IPv6DisabledError) {
    find('IPv6Disabled', true, kernelProblem.message);
  } else if (kernelProblem !== undefined) {
    find('KernelRefuses', true, `the kernel refuses what is asked of it: ${kernelProblem.message}`);
  }
  if (!troubles.hasSegments) {
    find(
      'NoLocalInterface',
      false,
      'no local interface: there is no default route whose interface has an address; give the node a default route, or name interfaces in an LBNodeAgent (local.interfaces). Virtual addresses work without',
    );
  }
  for (const { type, message } of troubles.settingsProblems) {
    if (!found.some((each) => each.type === type)) {
      find(type, false, message);
    }
  }
  if (troubles.gate === 'unchecked' && troubles.gateURL !== undefined) {
    find(
      'DataPathUnchecked',
      false,
      `nothing listens at ${troubles.gateURL}, so the data path is not checked; give the address of kube-proxy's or the CNI's health endpoint with --data-path-health, or none`,
    );
  }
  if (troubles.dummyKind === 'ifb') {
    find(
      'NoDummyInterfaces',
      false,
      `the kernel had no interfaces of kind dummy, so ${dummyInterface} is of kind ifb, which works the same; modprobe dummy to have it right after the next boot`,
    );
  }
  if (refusedAggregates.length > 0) {
    const named = refusedAggregates
      .slice(0, NAMED)
      .map(({ prefix, group, overlaps }) => `${formatPrefix(prefix)} of ServiceGroup ${group} covers ${overlaps.what}`);
    find('AggregateOverlap', false, `host routes stand in for aggregates: ${listed(named, refusedAggregates.length)}`);
  }
  if (usedByNetwork.length > 0) {
    find(
      'AddressInUse',
      false,
      `not announced, because the network itself uses them: ${listed(usedByNetwork.slice(0, NAMED), usedByNetwork.length)}; exclude them in their ServiceGroup`,
    );
  }
  if (troubles.proxied.length > 0) {
    const named = troubles.proxied.map(
      (each) => `${each.mac} for all of ${formatPrefix(each.subnet)} on ${each.interface}`,
    );
    find(
      'ProxyARP',
      false,
      `a station answers for every address, so nothing new is taken there: ${listed(named.slice(0, NAMED), named.length)}; switch proxy ARP or the private VLAN off there, or set announce.mode: Virtual`,
    );
  }
  for (const { type, message } of host.troubles) {
    find(type, type === 'ARPIgnored', message);
  }
  if (lifetime.used > lifetime.asked) {
    find(
      'AddressLifetime',
      false,
      `addressLifetime (${lifetime.asked / 1000} s) is too short to renew as many local addresses as are here; they get ${lifetime.used / 1000} s`,
    );
  }
  if (contested.length > 0) {
    const cures = CURES.filter(([daemon]) => daemons.length === 0 || daemons.includes(daemon));
    find(
      'Contested',
      false,
      `something on this node keeps removing ${listed(contested.slice(0, NAMED), contested.length)}; they are put back once a minute at the most. ${cures.map(([daemon, cure]) => `${daemon}: ${cure}`).join('; ')}`,
    );
  }
  return found;
}

function listed(named: readonly string[], all: number): string {
  return `${named.join('; ')}${all > named.length ? ` and ${all - named.length} more` : ''}`;
}
