import { setTimeout as pass } from 'node:timers/promises';
import { NAMESPACES, now, RESPONDER_PORT, startBgpCapture, startIpMonitor } from '@fairlead/e2e/lab';
import type { BgpEvent, Capture, IpMonitor, LabNode, Probe, ProbeReport, TcpProbe } from '@fairlead/e2e/lab';
import type { Outcome } from './scenario.ts';
import type { RoutedStage } from './routed-stage.ts';
import { longestDisturbanceMs } from './silence.ts';

/** Of each family; the ToR gets a packet a millisecond of both together. */
const PROBE_INTERVAL_MS = 2;
/** Of each family: enough that no node is left out by chance (3 x (2/3)^32 = 7e-6). */
const FLOWS = 32;
/** Of each family; the ToR gets 50 new connections a second of both together. */
const CONNECTION_INTERVAL_MS = 40;
/** Before anything is done, and after all is over. */
const QUIET_MS = 300;

/** Where a {@link RoutedWatch} looks. */
export type Watched = Pick<RoutedStage, 'lab' | 'nextHops' | 'addresses'>;

/** Whom it asks; by default the stage's own Service, for which the nodes answer. */
export interface RoutedWatchOptions {
  readonly addresses?: readonly string[];
  readonly port?: number;
  readonly forwarders?: Readonly<Record<string, string>>;
}

/** What the witnesses have seen. */
export interface RoutedSeen extends Outcome {
  /** Of each address, in order. */
  readonly reports: readonly ProbeReport[];
  /** What `ip monitor` told in each node, but for neighbours, with the node's name before it. */
  readonly kernelEvents: readonly string[];
  /** BGP messages by which a node changes what the ToR knows of it, or ends a session, with the node's name. */
  readonly told: readonly { readonly node: string; readonly type: BgpEvent['type'] }[];
  /** How the ToR's routes to the addresses have changed, as `ip monitor` prints it. */
  readonly routeChanges: readonly string[];
}

/**
 * Watches virtual addresses during a repetition, from behind the ToR: probes by UDP and by new TCP connections, `ip
 * monitor` in every node and in the ToR, and a capture of BGP at the ToR. None shares code with the product or asks it.
 */
export class RoutedWatch implements AsyncDisposable {
  readonly #watched: Watched;
  readonly #addresses: readonly string[];
  readonly #bgp: Capture<BgpEvent>;
  readonly #kernels: ReadonlyMap<string, IpMonitor>;
  readonly #probes: readonly Probe[];
  readonly #connections: readonly TcpProbe[];
  readonly #from: number;

  private constructor(parts: {
    watched: Watched;
    addresses: readonly string[];
    bgp: Capture<BgpEvent>;
    kernels: ReadonlyMap<string, IpMonitor>;
    probes: readonly Probe[];
    connections: readonly TcpProbe[];
    from: number;
  }) {
    this.#watched = parts.watched;
    this.#addresses = parts.addresses;
    this.#bgp = parts.bgp;
    this.#kernels = parts.kernels;
    this.#probes = parts.probes;
    this.#connections = parts.connections;
    this.#from = parts.from;
  }

  /** Starts all witnesses, and returns when they have seen a moment in which nothing was done. */
  static async start(watched: Watched, options: RoutedWatchOptions = {}): Promise<RoutedWatch> {
    const { lab, nextHops } = watched;
    const { addresses = watched.addresses, port = RESPONDER_PORT, forwarders = {} } = options;
    const from = nextHops.events.length;
    const [bgp, ...kernels] = await Promise.all([
      startBgpCapture(lab.run),
      ...lab.nodes.map(async ({ name, namespace }) => [name, await startIpMonitor(lab.run, namespace)] as const),
    ]);
    const probe = { from: NAMESPACES.remote, port, intervalMs: PROBE_INTERVAL_MS, flows: FLOWS, forwarders };
    const [probes, connections] = await Promise.all([
      Promise.all(addresses.map(async (address) => lab.probe({ ...probe, address }))),
      Promise.all(
        addresses.map(async (address) =>
          lab.tcpProbe({ from: NAMESPACES.remote, address, port, intervalMs: CONNECTION_INTERVAL_MS }),
        ),
      ),
    ]);
    await pass(QUIET_MS);
    return new RoutedWatch({ watched, addresses, bgp, kernels: new Map(kernels), probes, connections, from });
  }

  /** BGP at the ToR. */
  get bgp(): Capture<BgpEvent>['events'] {
    return this.#bgp.events;
  }

  /** What a node's kernel tells. */
  kernel(node: LabNode): IpMonitor['events'] {
    const monitor = this.#kernels.get(node.name);
    if (monitor === undefined) throw new RangeError(`nobody watches ${node.name}`);
    return monitor.events;
  }

  /** Waits until a node has sent this in BGP, from a moment on. */
  async untilTold(node: LabNode, type: BgpEvent['type'], since: number): Promise<BgpEvent> {
    return this.bgp.waitFor((event) => event.at >= since && event.sourceMac === node.mac && event.type === type);
  }

  /** Ends the witnesses after a last quiet moment. `faults` has what no scenario may have. */
  async end(): Promise<RoutedSeen> {
    await pass(QUIET_MS);
    const reports = await Promise.all(this.#probes.map(async (probe) => probe.stop()));
    const connections = await Promise.all(this.#connections.map(async (probe) => probe.stop()));
    await this.#stop();
    return {
      lost: sum(reports.map(({ lost }) => lost)),
      gapMs: Math.max(...reports.map((report) => longestDisturbanceMs(report, FLOWS))),
      connections: {
        lost: sum(connections.map(({ lost }) => lost.length)),
        slowestMs: Math.max(...connections.map(({ slowestMs }) => slowestMs)),
      },
      probeLateMs: Math.max(...reports.map(({ maxSendLateMs }) => maxSendLateMs)),
      faults: reports.flatMap((report, index) => this.#faults(report, this.#addresses[index] ?? '')),
      reports,
      kernelEvents: this.#kernelEvents(),
      told: this.#told(),
      routeChanges: this.#addresses.flatMap((address) =>
        this.#watched.nextHops
          .changes(address, this.#from)
          .map(({ deleted, line }) => `${deleted ? 'deleted ' : ''}${line}`),
      ),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Whoever wanted their reports has had them.
    await Promise.allSettled([...this.#probes, ...this.#connections].map(async (probe) => probe.stop()));
    await this.#stop();
  }

  async #stop(): Promise<void> {
    await Promise.all([this.#bgp.stop(), ...[...this.#kernels.values()].map(async (monitor) => monitor.stop())]);
  }

  #faults(report: ProbeReport, address: string): string[] {
    const idle = this.#watched.lab.nodes.filter(({ name }) => report.nodes[name] === undefined);
    return [
      ...(report.duplicates > 0 ? [`${report.duplicates} probes of ${address} were answered twice`] : []),
      ...(report.packets.at(-1)?.answered === null ? [`the last probe of ${address} was not answered`] : []),
      ...idle.map(({ name }) => `${name} never answered for ${address}`),
    ];
  }

  #kernelEvents(): string[] {
    return [...this.#kernels].flatMap(([node, { events }]) =>
      events.all.flatMap((event) =>
        event.type === 'neighbour' ? [] : [`${node}: ${event.deleted ? 'deleted ' : ''}${event.line.trim()}`],
      ),
    );
  }

  #told(): RoutedSeen['told'] {
    const names = new Map(this.#watched.lab.nodes.map(({ mac, name }) => [mac, name]));
    return this.bgp.all
      .filter(({ type }) => type !== 'keepalive')
      .map(({ sourceMac, type }) => ({ node: names.get(sourceMac) ?? 'the ToR', type }));
  }
}

/** The outcome of a repetition by what was seen in it; `faults` are further ones, that the scenario found. */
export function routedOutcome(
  { lost, gapMs, connections, probeLateMs, faults: seen }: RoutedSeen,
  { faults, routesMs }: { readonly faults: readonly string[]; readonly routesMs?: number },
): Outcome {
  return {
    lost,
    gapMs,
    ...(connections !== undefined && { connections }),
    ...(routesMs !== undefined && { routesMs }),
    probeLateMs,
    faults: [...seen, ...faults],
  };
}

/** The faults of a repetition in which the ToR was to hear nothing new and to change nothing. */
export function unrest({ told, routeChanges }: RoutedSeen): string[] {
  return [
    ...told.map(({ node, type }) => `BGP ${type} of ${node}`),
    ...routeChanges.map((change) => `the ToR's ip monitor: ${change.trim()}`),
  ];
}

/** A moment on the lab's clock, and how long ago it is. */
export function stopwatch(): { readonly began: number; readonly since: (at: number) => number } {
  const began = now();
  return { began, since: (at) => Math.max(0, at - began) };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
