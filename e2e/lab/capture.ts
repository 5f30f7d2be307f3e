import { parseBgpFrame, type BgpEvent } from './bgp-message.ts';
import { EventLog } from './event-log.ts';
import { parseLanFrame, type LanEvent } from './lan-frame.ts';
import { INTERFACES } from './network.ts';
import { PcapReader } from './pcap.ts';
import { NAMESPACES } from './plan.ts';
import type { Run } from './run.ts';

/** A running capture. */
export interface Capture<T = LanEvent> extends AsyncDisposable {
  readonly events: EventLog<T>;
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

const LAN_FILTER = 'arp or (icmp6 and (ip6[40] == 135 or ip6[40] == 136))';
const BGP_FILTER = 'tcp port 179';
/** An UPDATE with some dozens of routes; each message counts where it begins. */
const BGP_SNAPSHOT_BYTES = 4096;

/**
 * Captures ARP and neighbour discovery with tcpdump, with the kernel's times. Returns when it runs.
 */
export async function startCapture(run: Run, options: CaptureOptions = {}): Promise<Capture> {
  const { namespace = NAMESPACES.switch, interface: name = INTERFACES.bridge } = options;
  return capture(run, {
    place: { namespace, interface: name },
    filter: LAN_FILTER,
    snapshotBytes: SNAPSHOT_BYTES,
    parse: (at, bytes) => {
      const event = parseLanFrame(at, bytes);
      return event === undefined ? [] : [event];
    },
  });
}

/** Captures BGP between nodes and the ToR, on port 179. Returns when it runs. */
export async function startBgpCapture(run: Run): Promise<Capture<BgpEvent>> {
  return capture(run, {
    place: { namespace: NAMESPACES.tor, interface: INTERFACES.lan },
    filter: BGP_FILTER,
    snapshotBytes: BGP_SNAPSHOT_BYTES,
    parse: parseBgpFrame,
  });
}

async function capture<T>(
  run: Run,
  how: {
    readonly place: Required<CaptureOptions>;
    readonly filter: string;
    readonly snapshotBytes: number;
    readonly parse: (at: number, frame: Buffer) => readonly T[];
  },
): Promise<Capture<T>> {
  const { namespace, interface: name } = how.place;
  const size = ['-s', String(how.snapshotBytes), '-B', String(BUFFER_KIB)];
  const flags = ['-n', '-i', name, '-U', '--immediate-mode', ...size, '--time-stamp-precision=nano', '-w', '-'];
  const tcpdump = run.pipe(['tcpdump', ...flags, how.filter], { namespace, logErrorsTo: `tcpdump-${namespace}` });
  const reader = new PcapReader();
  const events = new EventLog<T>();
  const started = Promise.withResolvers<void>();
  tcpdump.stdout.on('data', (piece: Buffer) => {
    for (const { at, bytes } of reader.push(piece)) {
      for (const event of how.parse(at, bytes)) events.push(event);
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
