import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { INTERFACES } from './network.ts';
import { LAN, type Station } from './plan.ts';
import type { LabProcess } from './process.ts';
import type { Run } from './run.ts';

/** How the ToR routes. All of it has defaults. */
export interface TorOptions {
  /** Its AS; nodes with the same one get iBGP sessions, all others eBGP. Default 64500. */
  readonly asn?: number;
  /** BGP hold time it offers, in seconds. Default 9. */
  readonly holdTime?: number;
  /** OSPF hello and dead intervals in seconds, which must be the nodes'. Default 1 and 4. */
  readonly ospf?: { readonly hello: number; readonly dead: number };
  /** Further text for its bird.conf. */
  readonly extra?: string;
}

/**
 * bird.conf of the ToR: whoever on the LAN asks for a session gets one (BGP with both families and BFD; OSPF v2 and v3 in
 * area 0), and what it learns goes to the kernel, by all equal paths.
 */
export function torConfiguration(station: Station, options: TorOptions = {}): string {
  const { asn = 64500, holdTime = 9, ospf = { hello: 1, dead: 4 }, extra = '' } = options;
  const bgp = (name: string, range: string, kind: 'external' | 'internal') => `
protocol bgp ${name} from node {
  local as ${asn};
  neighbor range ${range} ${kind};
  dynamic name "${name}_";
}`;
  const area = `
  area 0 {
    interface "${INTERFACES.lan}" { type broadcast; hello ${ospf.hello}; dead ${ospf.dead}; bfd on; };
    interface "${INTERFACES.behind}" { stub; };
  };`;
  return `
log stderr all;
router id ${station.address.IPv4};
protocol device { scan time 10; }
protocol direct { ipv4; ipv6; interface "${INTERFACES.lan}", "${INTERFACES.behind}"; }
protocol kernel { scan time 20; merge paths yes; ipv4 { export where source != RTS_DEVICE; }; }
protocol kernel { scan time 20; merge paths yes; ipv6 { export where source != RTS_DEVICE; }; }
protocol bfd { debug { events }; interface "${INTERFACES.lan}" { interval 100 ms; multiplier 3; }; }

template bgp node {
  passive yes;
  hold time ${holdTime};
  error wait time 1, 2;
  bfd on;
  debug { events };
  graceful restart yes;
  ipv4 { import all; export none; };
  ipv6 { import all; export none; };
}
${bgp('node4', LAN.IPv4, 'external')}
${bgp('node6', LAN.IPv6, 'external')}

protocol ospf v2 ospf4 { ecmp yes; merge external yes; ipv4 { import all; export none; };${area}
}
protocol ospf v3 ospf6 { ecmp yes; merge external yes; ipv6 { import all; export none; };${area}
}
${extra}
`;
}

function countEstablished(protocols: string): number {
  return protocols.match(/ BGP .* Established/g)?.length ?? 0;
}

/** The router of the LAN: BIRD in a namespace of its own. */
export class Tor {
  readonly station: Station;
  readonly namespace: string;
  readonly process: LabProcess;
  /** Its control socket, for `birdc -s`. */
  readonly socket: string;
  readonly #run: Run;
  readonly #configuration: string;

  private constructor(
    run: Run,
    station: Station,
    parts: { process: LabProcess; socket: string; configuration: string },
  ) {
    this.#run = run;
    this.#configuration = parts.configuration;
    this.station = station;
    this.namespace = station.name;
    this.process = parts.process;
    this.socket = parts.socket;
  }

  /** Starts BIRD and returns when it is up. */
  static async start(run: Run, station: Station, options: TorOptions = {}): Promise<Tor> {
    const configuration = join(run.directory, 'tor.conf');
    const socket = join(run.directory, 'tor.ctl');
    await writeFile(configuration, torConfiguration(station, options));
    const process = run.spawn('tor', ['bird', '-f', '-c', configuration, '-s', socket], { namespace: station.name });
    await process.waitForLog(/Started/);
    return new Tor(run, station, { process, socket, configuration });
  }

  /** Runs a command on BIRD's control socket, e.g. `show protocols`. @returns its text */
  async birdc(command: string): Promise<string> {
    return this.#run.exec(['birdc', '-s', this.socket, ...command.split(' ')]);
  }

  /** Writes another configuration and has BIRD take it. @throws {Error} with BIRD's words, when it refuses */
  async configure(options: TorOptions): Promise<void> {
    await writeFile(this.#configuration, torConfiguration(this.station, options));
    const answer = await this.birdc('configure');
    // birdc exits with 0 on refusals too.
    if (!/Reconfigur/.test(answer)) throw new Error(`the ToR refused its configuration: ${answer}`);
  }

  /** Waits until so many BGP sessions are established. @param timeoutMs default 20 s */
  async untilEstablished(sessions: number, timeoutMs = 20_000): Promise<void> {
    await this.#until('show protocols', (table) => countEstablished(table) >= sessions, timeoutMs);
  }

  /** Waits until the BFD session with a neighbor is up. @param timeoutMs default 20 s */
  async untilBfdUp(neighbor: string, timeoutMs = 20_000): Promise<void> {
    const up = (table: string) => table.split('\n').some((row) => row.startsWith(`${neighbor} `) && / Up /.test(row));
    await this.#until('show bfd sessions', up, timeoutMs);
  }

  /** Asks again whenever BIRD logs that something happened. */
  async #until(command: string, condition: (answer: string) => boolean, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const { length } = await this.process.log();
      const answer = await this.birdc(command);
      if (condition(answer)) return;
      try {
        await this.process.waitForLog(/<TRACE>/, {
          from: length,
          timeoutMs: Math.max(0, deadline - performance.now()),
        });
      } catch (error) {
        throw new Error(`the ToR, after ${timeoutMs} ms: ${answer}`, { cause: error });
      }
    }
  }

  /** The kernel's routes that BIRD put there, as `ip route` prints them, both families. */
  async routes(): Promise<string[]> {
    const both = await Promise.all(
      ['-4', '-6'].map(async (family) =>
        this.#run.exec(['ip', family, '-o', 'route', 'show', 'proto', 'bird'], { namespace: this.namespace }),
      ),
    );
    return both.join('\n').split('\n').filter(Boolean);
  }
}
