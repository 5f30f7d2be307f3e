import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { EventLog } from './event-log.ts';
import type { PipedProcess, Run } from './run.ts';

interface IpEventBase {
  /** When `ip` read it, on the lab's clock. */
  readonly at: number;
  readonly deleted: boolean;
  /** The line as `ip monitor` printed it, without its time. */
  readonly line: string;
}

/** An address came, changed or went. */
export interface AddressEvent extends IpEventBase {
  readonly type: 'address';
  readonly interface: string;
  readonly address: string;
  readonly length: number;
  /** `noprefixroute`, `nodad`, `deprecated`, `dynamic`, `tentative`, … */
  readonly flags: readonly string[];
}

/** A route came, changed or went. */
export interface RouteEvent extends IpEventBase {
  readonly type: 'route';
  /** `unicast`, `local`, `blackhole`, … */
  readonly kind: string;
  /** `default`, an address, or a prefix with its length, as `ip` prints them. */
  readonly destination: string;
  readonly table: string;
  /** `kernel`, `bird`, `201`, … */
  readonly protocol: string;
  /** Interfaces of all next hops. */
  readonly interfaces: readonly string[];
  readonly gateways: readonly string[];
}

/** A link came, changed or went. */
export interface LinkEvent extends IpEventBase {
  readonly type: 'link';
  readonly interface: string;
  /** `UP`, `LOWER_UP`, `NO-CARRIER`, … */
  readonly flags: readonly string[];
}

/** A neighbour entry came, changed or went. */
export interface NeighbourEvent extends IpEventBase {
  readonly type: 'neighbour';
  readonly address: string;
  readonly interface: string;
  readonly mac: string | undefined;
  /** `REACHABLE`, `STALE`, `FAILED`, … */
  readonly state: string;
}

/** One event of `ip monitor`. */
export type IpEvent = AddressEvent | RouteEvent | LinkEvent | NeighbourEvent;

/**
 * Reads a line of `ip -ts -o -d monitor label` (iproute2 6.1; times in UTC).
 * @returns undefined for what is not one of the four kinds
 */
export function parseIpEvent(line: string): IpEvent | undefined {
  const match = /^\[([^\]]+)\] \[(LINK|ADDR|ROUTE|NEIGH)\](Deleted )?(.*)$/.exec(line);
  if (!match) return undefined;
  const [, time = '', label = '', deleted, text = ''] = match;
  const base: IpEventBase = { at: parseTime(time), deleted: deleted !== undefined, line: text };
  switch (label) {
    case 'ADDR':
      return parseAddress(base);
    case 'ROUTE':
      return parseRoute(base);
    case 'LINK': {
      const link = /^\d+: ([^:@]+)[^<]*<([^>]*)>/.exec(text);
      return link ? { ...base, type: 'link', interface: link[1] ?? '', flags: (link[2] ?? '').split(',') } : undefined;
    }
    default: {
      const words = text.trim().split(/\s+/);
      return {
        ...base,
        type: 'neighbour',
        address: words[0] ?? '',
        interface: after(words, 'dev') ?? '',
        mac: after(words, 'lladdr'),
        state: words.at(-1) ?? '',
      };
    }
  }
}

/** `2026-11-21T11:47:52.758354` in UTC, to milliseconds with fractions. */
function parseTime(time: string): number {
  const [seconds = '', fraction = '0'] = time.split('.');
  return Date.parse(`${seconds}Z`) + Number(`0.${fraction}`) * 1000;
}

function parseAddress(base: IpEventBase): AddressEvent | undefined {
  const match = /^\d+: (\S+)\s+inet6? ([^/\s]+)(?: peer [^/\s]+)?\/(\d+) ([^\\]*)/.exec(base.line);
  if (!match) return undefined;
  const [, name = '', address = '', length = '', rest = ''] = match;
  return {
    ...base,
    type: 'address',
    interface: name,
    address,
    length: Number(length),
    flags: rest.trim().split(/\s+/),
  };
}

function parseRoute(base: IpEventBase): RouteEvent | undefined {
  const words = base.line.replaceAll('\\', ' ').trim().split(/\s+/);
  const [kind, destination] = words;
  if (kind === undefined || destination === undefined) return undefined;
  return {
    ...base,
    type: 'route',
    kind,
    destination,
    table: after(words, 'table') ?? 'main',
    protocol: after(words, 'proto') ?? '',
    interfaces: allAfter(words, 'dev'),
    gateways: allAfter(words, 'via').map((gateway, position, all) =>
      gateway === 'inet6' ? (all[position + 1] ?? '') : gateway,
    ),
  };
}

function allAfter(words: readonly string[], keyword: string): string[] {
  return words.filter((_, position) => words[position - 1] === keyword);
}

function after(words: readonly string[], keyword: string): string | undefined {
  return allAfter(words, keyword)[0];
}

/** A running `ip monitor`: its events, and the means to end it. */
export interface IpMonitor extends AsyncDisposable {
  readonly events: EventLog<IpEvent>;
  stop(): Promise<void>;
}

/**
 * Watches addresses, routes, links and neighbours of a namespace with `ip monitor`, a witness that shares no code with
 * the product. Returns when the kernel delivers to it.
 */
export async function startIpMonitor(run: Run, namespace: string): Promise<IpMonitor> {
  // Its times are those of reading: it must not wait for the CPU.
  const command = [
    'nice',
    '-n',
    '-15',
    'ip',
    '-ts',
    '-o',
    '-d',
    'monitor',
    'label',
    'address',
    'route',
    'link',
    'neigh',
  ] as const;
  const monitor = run.pipe([...command], { namespace, environment: { TZ: 'UTC' } });
  const events = new EventLog<IpEvent>();
  createInterface({ input: monitor.stdout })
    .on('line', (line) => {
      const event = parseIpEvent(line);
      if (event) events.push(event);
    })
    .on('close', () => events.end());
  await untilSubscribed(monitor);
  const stop = async () => {
    monitor.kill();
    await monitor.exited;
  };
  return { events, stop, [Symbol.asyncDispose]: stop };
}

/** `ip monitor` does not say when it listens; the kernel does: its netlink socket then has groups in /proc. */
async function untilSubscribed(monitor: PipedProcess): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (performance.now() < deadline) {
    const table = await readFile(`/proc/${monitor.pid}/net/netlink`, 'utf8').catch(() => '');
    // sk Eth Pid Groups …; Eth 0 is NETLINK_ROUTE.
    const rows = table.split('\n').map((row) => row.trim().split(/\s+/));
    if (
      rows.some(
        ([, protocol, pid, groups]) => protocol === '0' && pid === String(monitor.pid) && !/^0*$/.test(groups ?? ''),
      )
    )
      return;
    await delay(2);
  }
  throw new Error('`ip monitor` does not listen after 5 s; is iproute2 installed?');
}
