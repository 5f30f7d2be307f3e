import type { Station } from './plan.ts';
import type { LabProcess } from './process.ts';
import type { Run } from './run.ts';
import { BirdTor } from './tor-bird.ts';
import { torSettings, type TorDaemon, type TorOptions } from './tor-daemon.ts';
import { FrrTor } from './tor-frr.ts';

/** Default time for a session to come up. */
const SESSION_TIMEOUT_MS = 20_000;
/** What a route is marked with by a daemon (`ip route`'s names). */
const LEARNT = /\bproto (?:bird|bgp|ospf|rip)\b/;

/** The router of the LAN: BIRD or FRR in a namespace of its own. */
export class Tor {
  readonly station: Station;
  readonly namespace: string;
  readonly #run: Run;
  #daemon: TorDaemon;
  #options: TorOptions;

  private constructor(run: Run, station: Station, parts: { daemon: TorDaemon; options: TorOptions }) {
    this.#run = run;
    this.station = station;
    this.namespace = station.name;
    this.#daemon = parts.daemon;
    this.#options = parts.options;
  }

  /** Starts its daemon and returns when it is up. */
  static async start(run: Run, station: Station, options: TorOptions = {}): Promise<Tor> {
    return new Tor(run, station, { daemon: await launch(run, station, options), options });
  }

  /** What it runs with. */
  get options(): TorOptions {
    return this.#options;
  }

  /** BIRD's control socket, for `birdc -s`. @throws {Error} where it runs FRR */
  get socket(): string {
    if (this.#daemon instanceof BirdTor) return this.#daemon.socket;
    throw new Error('the ToR runs FRR, which has no control socket: use command()');
  }

  /** The processes of its daemon. */
  get processes(): readonly LabProcess[] {
    return this.#daemon.processes;
  }

  /** Runs a command of its daemon: `show protocols` for BIRD, `show bgp summary` for FRR. @returns its text */
  async command(text: string): Promise<string> {
    return this.#daemon.command(text);
  }

  /**
   * Ends the daemon, as {@link kill} does, and starts one with other options. The routes that it had learnt are gone from
   * the kernel in between.
   */
  async replace(options: TorOptions): Promise<void> {
    await this.kill('SIGTERM');
    this.#daemon = await launch(this.#run, this.station, options);
    this.#options = options;
  }

  /** Ends its daemon. With SIGKILL its sessions end with their sockets, and what it had learnt stays in the kernel. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    // FRR's zebra is the last to end, so that the others can still withdraw what they have.
    for (const process of this.#daemon.processes.toReversed()) await process.kill(signal);
  }

  /** Starts the daemon again after {@link kill}, as it was. */
  async revive(): Promise<void> {
    await this.#daemon.start();
  }

  /** Waits until so many BGP sessions are established. @param timeoutMs default 20 s */
  async untilEstablished(sessions: number, timeoutMs = SESSION_TIMEOUT_MS): Promise<void> {
    await this.#daemon.untilEstablished(sessions, timeoutMs);
  }

  /** Waits until the BFD session with a neighbor is up. @param timeoutMs default 20 s */
  async untilBfdUp(neighbor: string, timeoutMs = SESSION_TIMEOUT_MS): Promise<void> {
    await this.#daemon.untilBfdUp(neighbor, timeoutMs);
  }

  /** The kernel's routes that its daemon put there, as `ip route` prints them, both families. */
  async routes(): Promise<string[]> {
    const both = await Promise.all(
      ['-4', '-6'].map(async (family) =>
        this.#run.exec(['ip', family, '-o', 'route', 'show'], { namespace: this.namespace }),
      ),
    );
    return both
      .join('\n')
      .split('\n')
      .filter((line) => LEARNT.test(line));
  }
}

async function launch(run: Run, station: Station, options: TorOptions): Promise<TorDaemon> {
  const { daemon } = torSettings(options);
  switch (daemon) {
    case 'BIRD':
      return BirdTor.launch(run, station, options);
    case 'FRR':
      return FrrTor.launch(run, station, options);
  }
}
