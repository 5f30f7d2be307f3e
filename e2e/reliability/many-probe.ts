import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { reportOf } from '@fairlead/e2e/lab';
import type { ProbePacket, ProbeReport, Run } from '@fairlead/e2e/lab';

/** What a probe of many addresses asks, and how. */
export interface ManyProbeOptions {
  /** Namespace to ask from. */
  readonly from: string;
  /** All of one family. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** How often each address is asked: no gap can be told more precisely. */
  readonly intervalMs: number;
  /** How long answers are awaited after the last packet. Default 200 ms. */
  readonly settleMs?: number;
}

/** The options with their defaults, as the program takes them. */
export type ManyProbeProgramOptions = Required<Omit<ManyProbeOptions, 'from'>>;

/** What the probe program hands over: the packets of each address, in the order of the addresses. */
interface ManySeries {
  readonly intervalMs: number;
  readonly packets: readonly (readonly ProbePacket[])[];
  readonly duplicates: number;
  readonly maxSendLateMs: number;
}

/** What was measured. */
export interface ManyProbeReport {
  readonly byAddress: ReadonlyMap<string, ProbeReport>;
  /** Further answers to packets that were answered already. */
  readonly duplicates: number;
  readonly maxSendLateMs: number;
}

/** A running probe of many addresses. */
export interface ManyProbe extends AsyncDisposable {
  /** Ends it. @returns what it has measured */
  stop(): Promise<ManyProbeReport>;
}

/** Starts the probe in a process of its own; returns when it sends. */
export async function startManyProbe(run: Run, options: ManyProbeOptions): Promise<ManyProbe> {
  const { from, addresses, port, intervalMs, settleMs = 200 } = options;
  const argument: ManyProbeProgramOptions = { addresses, port, intervalMs, settleMs };
  const program = join(import.meta.dirname, 'programs', 'many-probe.ts');
  const probe = run.pipe([process.execPath, program, JSON.stringify(argument)], { namespace: from });
  const lines = createInterface({ input: probe.stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done) throw new Error(`the probe from ${from} did not start: exit code ${await probe.exited}`);
  const stop = async (): Promise<ManyProbeReport> => {
    probe.stdin.end();
    const line = await lines.next();
    if (line.done) throw new Error(`the probe from ${from} ended without a report: exit code ${await probe.exited}`);
    return manyReportOf(addresses, JSON.parse(line.value) as ManySeries);
  };
  return {
    stop,
    [Symbol.asyncDispose]: async () => {
      probe.kill('SIGKILL');
      await probe.exited;
    },
  };
}

function manyReportOf(addresses: readonly string[], series: ManySeries): ManyProbeReport {
  const { intervalMs, packets, duplicates, maxSendLateMs } = series;
  // Two nodes that take turns are seen only after as many packets.
  const windowMs = 3 * intervalMs;
  const report = (of: readonly ProbePacket[]): ProbeReport =>
    reportOf({ intervalMs, packets: of, duplicates: 0, maxSendLateMs }, windowMs);
  return {
    byAddress: new Map(addresses.map((address, index) => [address, report(packets[index] ?? [])])),
    duplicates,
    maxSendLateMs,
  };
}
