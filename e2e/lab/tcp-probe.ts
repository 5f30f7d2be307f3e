import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Run } from './run.ts';

/** What a TCP probe asks, and how. */
export interface TcpProbeOptions {
  /** Namespace to ask from: `client`, `remote`, a node. */
  readonly from: string;
  readonly address: string;
  readonly port: number;
  /** Between two connections. Default 20 ms: 50 a second. */
  readonly intervalMs?: number;
  /** A connection that is not there after this time has failed. Default 10 s. */
  readonly timeoutMs?: number;
}

/** The options with their defaults, as the program takes them. */
export type TcpProbeProgramOptions = Required<Omit<TcpProbeOptions, 'from'>>;

/** One connection that was asked for. */
export interface TcpConnection {
  /** When, on the lab's clock. */
  readonly sent: number;
  /** Until it was there, or had failed. */
  readonly ms: number;
  /** Why it failed; absent where it did not. */
  readonly error?: string;
}

/** What a TCP probe has measured. */
export interface TcpProbeReport {
  readonly connections: readonly TcpConnection[];
  /** Those that failed, or came only when their first packet was sent again. */
  readonly lost: readonly TcpConnection[];
  readonly slowestMs: number;
}

/** A running TCP probe. */
export interface TcpProbe {
  /** Ends it. @returns what it has measured */
  stop(): Promise<TcpProbeReport>;
}

/** The kernel sends a SYN again after a second (RFC 6298 2.1); what takes nearly as long has lost one. */
const RETRANSMITTED_MS = 900;

/** Starts a TCP probe in a process of its own: new connections, one after the other. Returns when it begins. */
export async function startTcpProbe(run: Run, options: TcpProbeOptions): Promise<TcpProbe> {
  const { from, address, port, intervalMs = 20, timeoutMs = 10_000 } = options;
  const argument: TcpProbeProgramOptions = { address, port, intervalMs, timeoutMs };
  const program = join(import.meta.dirname, 'programs', 'tcp-probe.ts');
  const probe = run.pipe([process.execPath, program, JSON.stringify(argument)], { namespace: from });
  const lines = createInterface({ input: probe.stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done) throw new Error(`the TCP probe from ${from} did not start: exit code ${await probe.exited}`);
  const report = async (): Promise<TcpProbeReport> => {
    const line = await lines.next();
    const code = await probe.exited;
    if (line.done) throw new Error(`the TCP probe from ${from} ended without a report: exit code ${code}`);
    return tcpReportOf(JSON.parse(line.value) as readonly TcpConnection[]);
  };
  let finished: Promise<TcpProbeReport> | undefined;
  return {
    stop: async () => {
      probe.stdin.end();
      finished ??= report();
      return finished;
    },
  };
}

/** Draws the conclusions from a series of connections. */
export function tcpReportOf(connections: readonly TcpConnection[]): TcpProbeReport {
  return {
    connections,
    lost: connections.filter(({ ms, error }) => error !== undefined || ms >= RETRANSMITTED_MS),
    slowestMs: Math.max(0, ...connections.map(({ ms }) => ms)),
  };
}
