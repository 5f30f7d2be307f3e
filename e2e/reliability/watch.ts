import { setTimeout as pass } from 'node:timers/promises';
import { claimant, NAMESPACES, now, reportOf, RESPONDER_PORT, startCapture, startIpMonitor } from '@fairlead/e2e/lab';
import type { Capture, IpEvent, IpMonitor, Lab, LabNode, LanEvent, Probe, ProbeReport } from '@fairlead/e2e/lab';
import { holdersOf } from '../scene/observe.ts';
import { holdingTimes, overlapMs, settledMs, type HoldingTime, type Span } from './holding-times.ts';
import type { Outcome } from './scenario.ts';
import { longestSilenceMs } from './silence.ts';

/** How long all is quiet before a fault is made, and is watched after it is over: oscillations would show. */
const QUIET_MS = 300;

/** What is watched, and by whom. */
export interface WatchOptions {
  readonly address: string;
  /** Namespace of the client that asks; default: the one on the LAN. `remote` asks by way of the ToR. */
  readonly from?: string;
  /** Default: the responder of {@link Lab.startResponders}. */
  readonly port?: number;
  /** Who it was that answered, by the source address that a backend saw; as for a probe of the lab. */
  readonly forwarders?: Readonly<Record<string, string>>;
  /** Nodes that are off the LAN when it begins. */
  readonly absent?: readonly LabNode[];
}

/** What was seen of one address. */
export interface Seen extends Outcome {
  readonly overlapMs: number;
  readonly report: ProbeReport;
  /** When each node had it and was on the LAN. */
  readonly times: readonly HoldingTime[];
  /** Everything but neighbour entries that the nodes' kernels have told of, with the node's name in front. */
  readonly kernelEvents: readonly string[];
  /** The nodes that answered the probe, in the order of their turns. */
  readonly answered: readonly string[];
}

/**
 * The witnesses of one fault: a 1 kHz probe from a client, a capture on the switch, `ip monitor` in every node. None of
 * them shares code with the product, or asks it.
 */
export class Watch implements AsyncDisposable {
  readonly address: string;
  /** What the switch sees. */
  readonly frames: Capture['events'];
  readonly #lab: Lab;
  readonly #capture: Capture;
  readonly #probe: Probe;
  readonly #kernels: ReadonlyMap<string, IpMonitor>;
  readonly #hadIt: ReadonlySet<string>;
  readonly #from: number;
  readonly #absences = new Map<string, Span[]>();

  private constructor(parts: {
    lab: Lab;
    options: WatchOptions;
    capture: Capture;
    probe: Probe;
    kernels: ReadonlyMap<string, IpMonitor>;
    hadIt: ReadonlySet<string>;
    from: number;
  }) {
    this.address = parts.options.address;
    this.frames = parts.capture.events;
    this.#lab = parts.lab;
    this.#capture = parts.capture;
    this.#probe = parts.probe;
    this.#kernels = parts.kernels;
    this.#hadIt = parts.hadIt;
    this.#from = parts.from;
    for (const node of parts.options.absent ?? []) this.#absences.set(node.name, [{ from: parts.from, to: Infinity }]);
  }

  /** Starts all witnesses, and returns when they have seen a moment in which nothing was done. */
  static async start(lab: Lab, options: WatchOptions): Promise<Watch> {
    const { address, from = NAMESPACES.client, port = RESPONDER_PORT, forwarders = {} } = options;
    const began = now();
    const [capture, ...monitors] = await Promise.all([
      startCapture(lab.run),
      ...lab.nodes.map(async ({ name, namespace }) => [name, await startIpMonitor(lab.run, namespace)] as const),
    ]);
    const hadIt = new Set(await holdersOf(lab, address));
    const probe = await lab.probe({ from, address, port, forwarders });
    await pass(QUIET_MS);
    return new Watch({ lab, options, capture, probe, kernels: new Map(monitors), hadIt, from: began });
  }

  /** The node leaves the LAN now: what its kernel has from here on nobody can see. */
  leaves(node: LabNode): void {
    this.#absences.set(node.name, [...(this.#absences.get(node.name) ?? []), { from: now(), to: Infinity }]);
  }

  /** The node is on the LAN again from now on. */
  returns(node: LabNode): void {
    const spans = this.#absences.get(node.name) ?? [];
    this.#absences.set(
      node.name,
      spans.map(({ from, to }) => ({ from, to: Math.min(to, now()) })),
    );
  }

  /**
   * Waits until somebody says on the LAN that it has the address, whom the condition takes (by MAC), from that moment on.
   * @throws {Error} when nobody does within 10 s
   */
  async untilClaimed(condition: (mac: string) => boolean, since: number): Promise<LanEvent> {
    return this.frames.waitFor((event) => {
      const mac = claimant(event, this.address);
      return mac !== undefined && event.at >= since && condition(mac);
    });
  }

  /** Waits until no more than one of the nodes on the LAN has the address. @throws {Error} when two have after 10 s */
  async untilOneHolder(): Promise<void> {
    const signal = AbortSignal.timeout(10_000);
    for (;;) {
      const time = now();
      const names = this.#times(time).flatMap(({ node, to }) => (to === time ? [node] : []));
      if (names.length <= 1) return;
      if (signal.aborted) throw new Error(`${names.join(' and ')} have ${this.address} for 10 s`);
      await this.#nextKernelEvent(signal);
    }
  }

  /** Ends the witnesses after a last quiet moment. @returns what they have seen; `faults` has what no scenario may have */
  async end(): Promise<Seen> {
    await pass(QUIET_MS);
    const to = now();
    const report = await this.#probe.stop();
    await this[Symbol.asyncDispose]();
    const times = this.#times(to);
    const claims = this.#claims();
    return {
      lost: report.lost,
      gapMs: longestSilenceMs(report),
      overlapMs: Math.max(report.overlapMs, overlapMs(times), overlapOfClaims(claims)),
      probeLateMs: report.maxSendLateMs,
      faults: this.#faults(report, claims),
      report,
      times,
      kernelEvents: this.#kernelEvents(),
      answered: report.turns.map(({ node }) => node),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([
      this.#probe.stop().catch(() => {}), // whoever wanted its report has had it
      this.#capture.stop(),
      ...[...this.#kernels.values()].map(async (monitor) => monitor.stop()),
    ]);
  }

  #times(to: number): HoldingTime[] {
    return [...this.#kernels].flatMap(([node, { events }]) =>
      holdingTimes({
        node,
        address: this.address,
        has: this.#hadIt.has(node),
        from: this.#from,
        to,
        events: events.all,
        absences: this.#absences.get(node) ?? [],
      }),
    );
  }

  #claims(): { readonly at: number; readonly mac: string }[] {
    return this.frames.all.flatMap((event) => {
      const mac = claimant(event, this.address);
      return mac === undefined ? [] : [{ at: event.at, mac }];
    });
  }

  #faults(report: ProbeReport, claims: readonly { readonly mac: string }[]): string[] {
    const ours = new Set(this.#lab.nodes.map(({ mac }) => mac));
    const strangers = new Set(claims.map(({ mac }) => mac).filter((mac) => !ours.has(mac)));
    return [
      ...[...strangers].map((mac) => `${mac}, which is no node, said that it has ${this.address}`),
      ...(report.duplicates > 0 ? [`${report.duplicates} probes were answered twice`] : []),
      ...(report.received === 0 ? ['no probe was answered at all'] : []),
      ...(report.packets.at(-1)?.answered === null ? ['the last probe was not answered'] : []),
    ];
  }

  #kernelEvents(): string[] {
    return [...this.#kernels].flatMap(([node, { events }]) =>
      events.all.flatMap((event: IpEvent) =>
        event.type === 'neighbour' ? [] : [`${node}: ${event.deleted ? 'deleted ' : ''}${event.line.trim()}`],
      ),
    );
  }

  async #nextKernelEvent(signal: AbortSignal): Promise<void> {
    const found = new AbortController();
    const either = AbortSignal.any([signal, found.signal]);
    try {
      // The monitor of a node that has died has ended, and tells nothing any more.
      await Promise.any(
        [...this.#kernels.values()].map(async ({ events }) =>
          events.waitFor((event) => event.type === 'address', { from: events.length, signal: either }),
        ),
      );
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      found.abort();
    }
  }
}

/** The outcome of a repetition by what was seen in it; `faults` are further ones, that the scenario found. */
export function outcomeOf(
  { lost, gapMs, overlapMs: overlap, probeLateMs, faults: seen }: Seen,
  { faults, settled }: { readonly faults: readonly string[]; readonly settled?: number | undefined },
): Outcome {
  return {
    lost,
    gapMs,
    overlapMs: overlap,
    probeLateMs,
    ...(settled !== undefined && { settledMs: settled }),
    faults: [...seen, ...faults],
  };
}

/** How long stations that say they have an address take turns, in milliseconds; one change is a move, and no overlap. */
function overlapOfClaims(claims: readonly { readonly at: number; readonly mac: string }[]): number {
  const packets = claims.map(({ at, mac }) => ({ sent: at, answered: at, node: mac }));
  return reportOf({ packets, intervalMs: 1, duplicates: 0, maxSendLateMs: 0 }).overlapMs;
}

/**
 * The time from the first frame after `since` by which one of these stations says that it has the address until one
 * holder is left; undefined where nobody said so.
 */
export function settledAfterHearing(
  watch: Watch,
  seen: Seen,
  options: { readonly since: number; readonly macs: readonly string[] },
): number | undefined {
  const { since, macs } = options;
  const heard = watch.frames.all.find(
    (event) => event.at >= since && macs.includes(claimant(event, watch.address) ?? ''),
  );
  return heard === undefined ? undefined : settledMs(seen.times, heard.at);
}
