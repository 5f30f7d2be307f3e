import { formatAddress, parseAddress } from '../address.ts';
import type { BGPNeighbor } from '../resources/router-bgp.ts';
import type { RouterOSPF } from '../resources/router-ospf.ts';
import type { RouterSpec } from '../resources/router.ts';
import type { Explanations, Problem } from './problem.ts';

export type RouterProblem = Problem<Exclude<keyof typeof ROUTER_REASONS, 'Valid'>>;

/** Reasons of the condition `Ready` of a Router. */
export const ROUTER_REASONS = {
  Valid: { meaning: 'It is in use as written.', cure: 'Nothing to do.' },
  DuplicateNeighbor: {
    meaning: 'Two neighbors of a Router are the same one: same address, port and interface.',
    cure: 'Leave one of the two.',
  },
  DuplicateArea: {
    meaning: 'Two areas of a Router are the same one, written differently (`0` and `0.0.0.0`).',
    cure: 'Put their interfaces into one area.',
  },
  DuplicateInterface: {
    meaning: 'An interface is in two OSPF areas of a Router.',
    cure: 'Leave it in one of the two.',
  },
} as const satisfies Explanations;

interface Entry {
  readonly key: string;
  readonly path: string;
  readonly name: string;
}

/** A problem for each entry whose key another entry before it has. */
function duplicates(
  entries: readonly Entry[],
  reason: RouterProblem['reason'],
  sentence: (entry: Entry, before: Entry) => string,
): RouterProblem[] {
  const first = new Map<string, Entry>();
  return entries.flatMap((entry) => {
    const before = first.get(entry.key);
    if (before === undefined) {
      first.set(entry.key, entry);
      return [];
    }
    return [{ reason, sentence: `${entry.path}: ${sentence(entry, before)}`, path: entry.path }];
  });
}

/** IPv6 has many spellings of one address. */
function canonical(address: string): string {
  try {
    return formatAddress(parseAddress(address));
  } catch {
    // The API server has refused what is no address; a validator must never be what ends an agent.
    return address;
  }
}

function neighborKey({ address, port, interface: device }: BGPNeighbor): string {
  return [address === undefined ? '' : canonical(address), port, device ?? ''].join(' ');
}

/** The number of an OSPF area, however it is written. */
export function ospfAreaNumber(id: string): number {
  return id.split('.').reduce((number, part) => number * 256 + Number(part), 0);
}

function ospfProblems(ospf: RouterOSPF): RouterProblem[] {
  const areas = ospf.areas.map((area, index) => ({
    key: String(ospfAreaNumber(area.id)),
    path: `spec.ospf.areas[${index}].id`,
    name: area.id,
  }));
  const interfaces = ospf.areas.flatMap((area, index) =>
    area.interfaces.map(({ name }, position) => ({
      key: name,
      path: `spec.ospf.areas[${index}].interfaces[${position}].name`,
      name: area.id,
    })),
  );
  return [
    ...duplicates(
      areas,
      'DuplicateArea',
      (area, before) => `area ${area.name} is area ${before.name}; put their interfaces into one`,
    ),
    ...duplicates(
      interfaces,
      'DuplicateInterface',
      (entry, before) => `${entry.key} is in area ${before.name} already; leave it in one`,
    ),
  ];
}

/** What is wrong with a Router that passed the API server, in the order of the spec; empty when nothing is. */
export function validateRouter(spec: RouterSpec): RouterProblem[] {
  const neighbors = (spec.bgp?.neighbors ?? []).map((neighbor, index) => ({
    key: neighborKey(neighbor),
    path: `spec.bgp.neighbors[${index}]`,
    name: neighbor.name,
  }));
  return [
    ...duplicates(
      neighbors,
      'DuplicateNeighbor',
      (entry, before) => `${entry.name} is the same neighbor as ${before.name}; leave one of the two`,
    ),
    ...(spec.ospf === undefined ? [] : ospfProblems(spec.ospf)),
  ];
}
