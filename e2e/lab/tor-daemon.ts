import type { LabProcess } from './process.ts';

/** A routing protocol between the nodes and the ToR. */
export type TorProtocol = 'BGP' | 'OSPF' | 'RIP';

/** How the ToR routes. All of it has defaults. */
export interface TorOptions {
  /** Which daemon it runs. Default BIRD. */
  readonly daemon?: 'BIRD' | 'FRR';
  /** What it speaks. Default BGP and OSPF. */
  readonly protocols?: readonly TorProtocol[];
  /** Its AS; with BIRD, nodes with the same one get iBGP sessions, all others eBGP. Default 64500. */
  readonly asn?: number;
  /** BGP hold time it offers, in seconds. Default 9. */
  readonly holdTime?: number;
  /** Whether BGP and OSPF use BFD (3 x 100 ms) with nodes that do. Default true. */
  readonly bfd?: boolean;
  /** OSPF hello and dead intervals in seconds, which must be the nodes'. Default 1 and 4. */
  readonly ospf?: { readonly hello: number; readonly dead: number };
  /** RIP: seconds between updates, and after which a silent node's routes are gone. Default 5 and 15. */
  readonly rip?: { readonly update: number; readonly timeout: number };
  /** Before other processes of the machine, so that BFD at 100 ms finds no fault where only they are. Default false. */
  readonly preferred?: boolean;
  /** Further text for bird.conf, or for FRR's bgpd.conf. */
  readonly extra?: string;
}

/** The options with their defaults. */
export type TorSettings = Required<TorOptions>;

/** Fills the defaults in. */
export function torSettings(options: TorOptions = {}): TorSettings {
  return {
    daemon: 'BIRD',
    protocols: ['BGP', 'OSPF'],
    asn: 64500,
    holdTime: 9,
    bfd: true,
    ospf: { hello: 1, dead: 4 },
    rip: { update: 5, timeout: 15 },
    preferred: false,
    extra: '',
    ...options,
  };
}

/** A routing daemon as the ToR runs it. */
export interface TorDaemon {
  /** All of its processes; the one that came first is the one that the others need. */
  readonly processes: readonly LabProcess[];
  /** Starts the processes again that have ended; returns when all of them can be asked. */
  start(): Promise<void>;
  /** Runs a command of its own language, e.g. `show protocols` or `show bgp summary`. @returns its text */
  command(text: string): Promise<string>;
  /** Waits until so many BGP sessions are established. */
  untilEstablished(sessions: number, timeoutMs: number): Promise<void>;
  /** Waits until the BFD session with a neighbor is up. */
  untilBfdUp(neighbor: string, timeoutMs: number): Promise<void>;
}

/** How {@link askAgain} asks. */
export interface Question {
  /** Asks. @returns the answer, as an error shows it */
  readonly ask: () => Promise<string>;
  readonly condition: (answer: string) => boolean;
  /** The process whose log tells that the answer may have changed. */
  readonly speaker: LabProcess;
  /** What it logs then. */
  readonly event: RegExp;
  readonly timeoutMs: number;
}

/** Asks again whenever a daemon logs that something has happened. @throws {Error} with the last answer, when it is late */
export async function askAgain({ ask, condition, speaker, event, timeoutMs }: Question): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const { length } = await speaker.log();
    const answer = await ask();
    if (condition(answer)) return;
    try {
      await speaker.waitForLog(event, { from: length, timeoutMs: Math.max(0, deadline - performance.now()) });
    } catch (error) {
      throw new Error(`the ToR, after ${timeoutMs} ms: ${answer}`, { cause: error });
    }
  }
}
