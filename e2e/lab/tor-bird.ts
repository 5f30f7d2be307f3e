import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { INTERFACES } from './network.ts';
import { LAN, type Station } from './plan.ts';
import { preferring } from './preferring.ts';
import type { LabProcess } from './process.ts';
import type { Run } from './run.ts';
import { askAgain, torSettings, type TorDaemon, type TorOptions, type TorSettings } from './tor-daemon.ts';

/**
 * bird.conf of the ToR: whoever on the LAN asks for a session gets one (BGP with both families; OSPF v2 and v3 in area 0;
 * RIP and RIPng), and what it learns goes to the kernel, by all equal paths.
 */
function torConfiguration(station: Station, options: TorOptions = {}): string {
  const settings = torSettings(options);
  const parts = {
    BGP: bgp(settings),
    OSPF: ospf(settings),
    RIP: rip(settings),
  };
  return `
log stderr all;
router id ${station.address.IPv4};
protocol device { scan time 10; }
protocol direct { ipv4; ipv6; interface "${INTERFACES.lan}", "${INTERFACES.behind}"; }
protocol kernel { scan time 20; merge paths yes; ipv4 { export where source != RTS_DEVICE; }; }
protocol kernel { scan time 20; merge paths yes; ipv6 { export where source != RTS_DEVICE; }; }
protocol bfd { debug { events }; interface "${INTERFACES.lan}" { interval 100 ms; multiplier 3; }; }
${settings.protocols.map((protocol) => parts[protocol]).join('')}
${settings.extra}
`;
}

function bgp({ asn, holdTime, bfd }: TorSettings): string {
  const neighbors = (name: string, range: string, kind: 'external' | 'internal') => `
protocol bgp ${name} from node {
  local as ${asn};
  neighbor range ${range} ${kind};
  dynamic name "${name}_";
}`;
  return `
template bgp node {
  passive yes;
  hold time ${holdTime};
  error wait time 1, 2;
  bfd ${bfd ? 'on' : 'off'};
  debug { events };
  graceful restart yes;
  ipv4 { import all; export none; };
  ipv6 { import all; export none; };
}
${neighbors('node4', LAN.IPv4, 'external')}
${neighbors('node6', LAN.IPv6, 'external')}
`;
}

function ospf({ ospf: { hello, dead }, bfd }: TorSettings): string {
  const area = `
  area 0 {
    interface "${INTERFACES.lan}" { type broadcast; hello ${hello}; dead ${dead}; bfd ${bfd ? 'on' : 'off'}; };
    interface "${INTERFACES.behind}" { stub; };
  };`;
  return `
protocol ospf v2 ospf4 { ecmp yes; merge external yes; ipv4 { import all; export none; };${area}
}
protocol ospf v3 ospf6 { ecmp yes; merge external yes; ipv6 { import all; export none; };${area}
}
`;
}

function rip({ rip: { update, timeout } }: TorSettings): string {
  const common = `
  ecmp yes;
  interface "${INTERFACES.lan}" { update time ${update}; timeout time ${timeout}; garbage time ${timeout}; };`;
  return `
protocol rip rip4 { ipv4 { import all; export none; };${common}
}
protocol rip ng rip6 { ipv6 { import all; export none; };${common}
}
`;
}

function countEstablished(protocols: string): number {
  return protocols.match(/ BGP .* Established/g)?.length ?? 0;
}

/** Name of its log. */
const LOG = 'tor';

/** BIRD as the ToR runs it. */
export class BirdTor implements TorDaemon {
  readonly processes: readonly LabProcess[];
  /** Its control socket, for `birdc -s`. */
  readonly socket: string;
  readonly #run: Run;
  readonly #bird: LabProcess;

  private constructor(run: Run, bird: LabProcess, socket: string) {
    this.#run = run;
    this.#bird = bird;
    this.processes = [bird];
    this.socket = socket;
  }

  /** Starts BIRD and returns when it is up. */
  static async launch(run: Run, station: Station, options: TorOptions): Promise<BirdTor> {
    const configuration = join(run.directory, 'tor.conf');
    const socket = join(run.directory, 'tor.ctl');
    await writeFile(configuration, torConfiguration(station, options));
    // The log of the one that ran before, where there was one.
    const { length: from } = await readFile(run.logFile(LOG), 'utf8').catch(() => '');
    const command = preferring(options.preferred, ['bird', '-f', '-c', configuration, '-s', socket]);
    const bird = run.spawn(LOG, command, { namespace: station.name });
    await bird.waitForLog(/Started/, { from });
    return new BirdTor(run, bird, socket);
  }

  async start(): Promise<void> {
    if (this.#bird.running) return;
    const { length: from } = await this.#bird.log();
    this.#bird.start();
    await this.#bird.waitForLog(/Started/, { from });
  }

  async command(text: string): Promise<string> {
    return this.#run.exec(['birdc', '-s', this.socket, ...text.split(' ')]);
  }

  async untilEstablished(sessions: number, timeoutMs: number): Promise<void> {
    await this.#until('show protocols', (table) => countEstablished(table) >= sessions, timeoutMs);
  }

  async untilBfdUp(neighbor: string, timeoutMs: number): Promise<void> {
    const up = (table: string) => table.split('\n').some((row) => row.startsWith(`${neighbor} `) && / Up /.test(row));
    await this.#until('show bfd sessions', up, timeoutMs);
  }

  async #until(command: string, condition: (answer: string) => boolean, timeoutMs: number): Promise<void> {
    const ask = async () => this.command(command);
    await askAgain({ ask, condition, speaker: this.#bird, event: /<TRACE>/, timeoutMs });
  }
}
