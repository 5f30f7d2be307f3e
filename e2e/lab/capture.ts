import { EventLog } from './event-log.ts';
import { parseLanFrame, type LanEvent } from './lan-frame.ts';
import { INTERFACES } from './network.ts';
import { PcapReader } from './pcap.ts';
import { NAMESPACES } from './plan.ts';
import type { Run } from './run.ts';

/** A running capture. */
export interface Capture extends AsyncDisposable {
  readonly events: EventLog<LanEvent>;
  stop(): Promise<void>;
}

/** Where to capture; default: the switch, which sees every frame of the LAN once. */
export interface CaptureOptions {
  readonly namespace?: string;
  readonly interface?: string;
}

/**
 * In immediate mode each frame takes a slot of the snapshot length: with tcpdump's own, 256 KiB, its buffer holds eight, and
 * a node that announces a hundred addresses at once is heard in part. A neighbour advertisement has 86 bytes.
 */
const SNAPSHOT_BYTES = 256;
const BUFFER_KIB = 8192;

const FILTER = 'arp or (icmp6 and (ip6[40] == 135 or ip6[40] == 136))';

/**
 * Captures ARP and neighbour discovery with tcpdump, with the kernel's times. Returns when it runs.
 */
export async function startCapture(run: Run, options: CaptureOptions = {}): Promise<Capture> {
  const { namespace = NAMESPACES.switch, interface: name = INTERFACES.bridge } = options;
  const size = ['-s', String(SNAPSHOT_BYTES), '-B', String(BUFFER_KIB)];
  const flags = ['-n', '-i', name, '-U', '--immediate-mode', ...size, '--time-stamp-precision=nano', '-w', '-', FILTER];
  const tcpdump = run.pipe(['tcpdump', ...flags], { namespace, logErrorsTo: `tcpdump-${namespace}` });
  const reader = new PcapReader();
  const events = new EventLog<LanEvent>();
  const started = Promise.withResolvers<void>();
  tcpdump.stdout.on('data', (piece: Buffer) => {
    for (const { at, bytes } of reader.push(piece)) {
      const event = parseLanFrame(at, bytes);
      if (event) events.push(event);
    }
    // The file header is written when the socket captures.
    if (reader.started) started.resolve();
  });
  tcpdump.stdout.on('end', () => {
    events.end();
    started.reject(new Error(`tcpdump ended; its words are in ${run.logFile(`tcpdump-${namespace}`)}`));
  });
  await started.promise;
  const stop = async () => {
    tcpdump.kill();
    await tcpdump.exited;
  };
  return { events, stop, [Symbol.asyncDispose]: stop };
}
