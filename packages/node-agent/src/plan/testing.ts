import { parseAddress, parsePrefix } from '@fairlead/api';
import { DEFAULT_HOLDER_POLICY } from '../election/types.ts';
import type { GroupFacts, PlanConfig, Segment, ServiceFacts } from './types.ts';

/** Facts for tests of the plan: sensible ones, with what the test is about put over them. */

export function segment(over: Partial<Segment> = {}): Segment {
  return {
    index: 2,
    name: 'eth0',
    mac: '02:00:00:00:00:01',
    carrier: true,
    local: true,
    defaultFor: ['IPv4', 'IPv6'],
    subnets: [parsePrefix('192.0.2.0/24'), parsePrefix('2001:db8::/64')],
    ownAddresses: [
      { address: parseAddress('192.0.2.1'), length: 24 },
      { address: parseAddress('2001:db8::1'), length: 64 },
    ],
    linkLocal: parseAddress('fe80::1'),
    gateways: [parseAddress('192.0.2.254')],
    ...over,
  };
}

export function group(name: string, over: Partial<GroupFacts> = {}): GroupFacts {
  return {
    name,
    pools: [],
    routeLength: {},
    mode: 'Auto',
    nodeSelector: undefined,
    preferredNodes: [],
    interfaces: undefined,
    policy: DEFAULT_HOLDER_POLICY,
    ...over,
  };
}

export function config(over: Partial<PlanConfig> = {}, groups: readonly GroupFacts[] = []): PlanConfig {
  return {
    groups: new Map(groups.map((each) => [each.name, each])),
    node: 'here',
    nodes: [
      { name: 'here', labels: {} },
      { name: 'there', labels: {} },
    ],
    excluded: false,
    lans: [parsePrefix('192.0.2.0/24'), parsePrefix('2001:db8::/64')],
    lansComplete: true,
    segments: [segment()],
    protectedPrefixes: [],
    ...over,
  };
}

export function service(key: string, addresses: readonly string[], over: Partial<ServiceFacts> = {}): ServiceFacts {
  return {
    key,
    uid: `uid-${key}`,
    resourceVersion: '1',
    addresses: addresses.map(parseAddress),
    group: undefined,
    endpointsOnly: false,
    ...over,
  };
}

/** A pool whose routes have the given length. */
export function pool(first: string, last: string, routeLength: number): GroupFacts['pools'][number] {
  return { first: parseAddress(first), last: parseAddress(last), routeLength };
}
