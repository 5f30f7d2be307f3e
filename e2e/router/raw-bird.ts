import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from '../lab/index.ts';
import { birdFolder } from './topology.ts';

/** A protocol as `show protocols` of BIRD shows it. */
export interface ShownProtocol {
  readonly kind: string;
  readonly state: string;
  /** Milliseconds since 1970; what BIRD shows of one moment differs by a few. */
  readonly since: number;
  /** Behind the state: `Established`, … */
  readonly info: string;
}

/** Has the BIRD of a namespace do something. @returns what it prints @throws where it says no */
export async function birdc(run: Run, namespace: string, command: string): Promise<string> {
  const shown = await run.exec(['birdc', '-s', join(birdFolder(run, namespace), 'bird.ctl'), command]);
  // birdc exits with 0 then too.
  if (/syntax error|Access denied|\.conf:\d+:\d+/.test(shown)) {
    throw new Error(`birdc ${command}: ${shown}`);
  }
  return shown;
}

/** Gives a BIRD a configuration, and returns when it has taken it. */
export async function configure(run: Run, namespace: string, text: string): Promise<void> {
  await writeFile(join(birdFolder(run, namespace), 'bird.conf'), text);
  const shown = await birdc(run, namespace, 'configure');
  if (!/^Reconfigur/m.test(shown)) {
    throw new Error(`BIRD does not take its configuration: ${shown}`);
  }
}

/** Its protocols by name. Its configuration must have `timeformat protocol iso long ms`. */
export async function protocolsOf(run: Run, namespace: string): Promise<ReadonlyMap<string, ShownProtocol>> {
  const shown = await birdc(run, namespace, 'show protocols');
  const rows = [...shown.matchAll(/^(\w+) +(\w+) +\S+ +(\w+) +(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+) *(.*)$/gm)];
  return new Map(
    rows.map(([, name = '', kind = '', state = '', since = '', info = '']) => [
      name,
      { kind, state, since: Date.parse(since.replace(' ', 'T')), info: info.trim() },
    ]),
  );
}

/** Whether a protocol is as up as it was before, without a break. */
export function isUnbroken(before: ShownProtocol | undefined, after: ShownProtocol | undefined): boolean {
  return (
    before !== undefined &&
    after?.state === 'up' &&
    after.info === before.info &&
    Math.abs(after.since - before.since) < 500
  );
}

/** Router IDs of the full neighbors of an OSPF protocol. */
export async function fullNeighbors(run: Run, namespace: string, protocol: string): Promise<readonly string[]> {
  const shown = await birdc(run, namespace, `show ospf neighbors ${protocol}`);
  return [...shown.matchAll(/^(\d+\.\d+\.\d+\.\d+)\s+\d+\s+Full/gm)].map(([, id = '']) => id);
}
