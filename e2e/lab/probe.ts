import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { reportOf, type ProbeReport, type ProbeSeries } from './probe-report.ts';
import type { Run } from './run.ts';

/** What a probe asks, and how. */
export interface ProbeOptions {
  /** Namespace to ask from: `client`, `remote`, a node. */
  readonly from: string;
  readonly address: string;
  readonly port: number;
  /** Default 1 ms: 1 kHz. */
  readonly intervalMs?: number;
  /** Number of sockets, used in turns: so many flows for ECMP and conntrack. Default 16. */
  readonly flows?: number;
  /** Answers are awaited after the last packet until none has come for so long. Default 200 ms. */
  readonly settleMs?: number;
  /** Ends by itself after so many packets. Default: only when it is stopped. */
  readonly packets?: number;
  /**
   * Source addresses that tell who forwarded a packet: behind kube-proxy with externalTrafficPolicy Cluster, the backend sees
   * an address of the node that the packet came to. Default: none, so the answering backend's node counts.
   */
  readonly forwarders?: Readonly<Record<string, string>>;
}

/** The options with their defaults, as the program takes them. */
export type ProbeProgramOptions = Required<Omit<ProbeOptions, 'from'>>;

/** A running probe. */
export interface Probe {
  /** Settles with what it has measured when it has ended, by itself or stopped. */
  readonly finished: Promise<ProbeReport>;
  /** Ends it. @returns what it has measured */
  stop(): Promise<ProbeReport>;
}

/**
 * Starts a UDP probe in a process of its own; returns when it sends. Whoever answers must be a backend of the lab or a
 * node's responder: they say who they are.
 */
export async function startProbe(run: Run, options: ProbeOptions): Promise<Probe> {
  const {
    from,
    address,
    port,
    intervalMs = 1,
    flows = 16,
    settleMs = 200,
    packets = Number.MAX_SAFE_INTEGER,
    forwarders = {},
  } = options;
  const argument: ProbeProgramOptions = { address, port, intervalMs, flows, settleMs, packets, forwarders };
  const program = join(import.meta.dirname, 'programs', 'udp-probe.ts');
  const probe = run.pipe([process.execPath, program, JSON.stringify(argument)], { namespace: from });
  const lines = createInterface({ input: probe.stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done) throw new Error(`the probe from ${from} did not start: exit code ${await probe.exited}`);
  const finished = lines.next().then(async (line) => {
    const code = await probe.exited;
    if (line.done) throw new Error(`the probe from ${from} ended without a report: exit code ${code}`);
    return reportOf(JSON.parse(line.value) as ProbeSeries);
  });
  finished.catch(() => {}); // whoever stops it, or waits, hears of it
  return {
    finished,
    stop: async () => {
      probe.stdin.end();
      return finished;
    },
  };
}
