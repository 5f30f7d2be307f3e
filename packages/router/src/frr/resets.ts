import type { Reset } from '../edits/resets.ts';
import { parseStatements } from './statements.ts';
import type { Statement } from './statements.ts';

/** A BGP neighbor as FRR is told of it. */
interface Neighbor {
  /** As the user named it: its description, which the templates write; else as FRR names it. */
  readonly name: string;
  /** What cannot change without a new session, by what it is called. Values may be passwords. */
  readonly settings: ReadonlyMap<string, string>;
}

/**
 * What of a neighbor bgpd cannot change without a new session: each was tried on an established one of FRR 8.4. Timers,
 * BFD, descriptions and route maps leave it up; so does graceful restart, which holds from the next session on.
 */
const RESETTING =
  /^neighbor \S+ (?<name>remote-as|interface(?: remote-as)?|update-source|passive|ebgp-multihop|port|password|capability extended-nexthop|activate)(?: (?<value>.*))?$/;

/**
 * Which BGP sessions an FRR would end or restart if it were brought from one configuration to another. Pure; neither
 * values nor passwords are in the result.
 */
export function resetsOfFRR(running: string, wanted: string): readonly Reset[] {
  const [before, after] = [neighborsIn(running), neighborsIn(wanted)];
  return [...before].flatMap(([peer, { name, settings }]): Reset[] => {
    const now = after.get(peer);
    if (now === undefined) {
      return [{ protocol: name, kind: 'bgp', effect: 'ends', causes: ['removed'] }];
    }
    const all = new Set([...settings.keys(), ...now.settings.keys()]);
    const causes = [...all].filter((setting) => settings.get(setting) !== now.settings.get(setting));
    return causes.length === 0 ? [] : [{ protocol: name, kind: 'bgp', effect: 'restarts', causes }];
  });
}

function neighborsIn(text: string): ReadonlyMap<string, Neighbor> {
  const neighbors = new Map<string, { name: string; settings: Map<string, string> }>();
  for (const block of parseStatements(text).filter((each) => each.text.startsWith('router bgp '))) {
    const lines = flattened(block.children);
    const ofAll = [
      ['AS number', block.text] as const,
      ...lines.filter((line) => line.startsWith('bgp router-id ')).map((line) => ['router ID', line] as const),
    ];
    for (const line of lines) {
      const [, peer] = /(?:^|: )neighbor (\S+) /.exec(line) ?? [];
      if (peer === undefined) {
        continue;
      }
      const known = neighbors.get(peer) ?? { name: peer, settings: new Map(ofAll) };
      neighbors.set(peer, known);
      known.name = /^neighbor \S+ description (.+)$/.exec(line)?.[1] ?? known.name;
      take(line, known.settings);
    }
  }
  return neighbors;
}

/** Lines of a block and of its address families, the latter with the family before them. */
function flattened(statements: readonly Statement[]): string[] {
  return statements.flatMap(({ text, children }) =>
    text.startsWith('address-family ') ? children.map((child) => `${text}: ${child.text}`) : [text],
  );
}

function take(line: string, settings: Map<string, string>): void {
  const [family, command] = line.startsWith('address-family ') ? line.split(': ', 2) : ['', line];
  const { name, value = '' } = RESETTING.exec(command ?? '')?.groups ?? {};
  if (name !== undefined) {
    settings.set(name === 'activate' ? (family ?? '').replace('address-family ', '') : name, value);
  }
}
