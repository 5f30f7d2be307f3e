import type { Reset } from '../edits/resets.ts';
import type { RouterView } from '../view/view.ts';

/** The routing daemons that can be configured. */
export type DaemonKind = 'BIRD' | 'FRR';

/** A place in a configuration file and what the daemon has against it. */
export interface ConfigurationFault {
  /** Line from 1; undefined where the daemon names none. */
  readonly line: number | undefined;
  readonly message: string;
}

/** What the daemon's program says of a file that it does not use yet. */
export type CheckResult =
  | { readonly type: 'valid' }
  | { readonly type: 'invalid'; readonly fault: ConfigurationFault }
  /** The program could not be asked; tried again by itself. */
  | { readonly type: 'failed'; readonly message: string };

/** What came of having a daemon read its file. */
export type ConfigureResult =
  /** It runs the file, and has shown that it lives with it. */
  | { readonly type: 'accepted' }
  /** It goes on with what it ran before. */
  | { readonly type: 'invalid'; readonly fault: ConfigurationFault }
  /** It could not read it now; tried again by itself. */
  | { readonly type: 'failed'; readonly message: string };

/** A session with another router, or a protocol that speaks to several, as the daemon shows it. */
export interface ObservedSession {
  /** As the user named the neighbor, else the daemon's own name for it. Unique among the sessions. */
  readonly name: string;
  /** The routing protocol: `BGP`, `OSPF`, `RIP`, … */
  readonly protocol: string;
  /** In the daemon's own word, such as `Established`. */
  readonly state: string;
  /** Whether routes can be told over it. */
  readonly isUp: boolean;
  /** Since when it is in this state; undefined where the daemon does not say. */
  readonly since: Date | undefined;
  /** Routes told to the other side, of both families together. */
  readonly exported: number;
  /** Routes taken from the other side. */
  readonly imported: number;
  /** Why it is not up, for people; empty where there is nothing to say. */
  readonly message: string;
}

/** Why a daemon cannot be spoken to. */
export type DaemonErrorCode =
  /** It is not running. */
  | 'NotRunning'
  /** No right to speak to it. */
  | 'NotPermitted'
  /** No answer within the time limit. */
  | 'TimedOut'
  /** It went away, or something else is at the other end. */
  | 'Disconnected';

/** Thrown where a daemon cannot be spoken to; the message says what to look at. The next pass tries again. */
export class DaemonError extends Error {
  override readonly name: string = 'DaemonError';
  readonly code: DaemonErrorCode;

  constructor(code: DaemonErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A running daemon. One that has restarted is another one. */
export interface DaemonConnection {
  /** False once the daemon is gone, or has not answered in time. */
  readonly isOpen: boolean;
  /** Such as `2.0.12`; undefined where the daemon does not say. */
  readonly version: string | undefined;
  /** When the daemon was started, to half a second; undefined where it does not say. Tells a restart from a lost connection. */
  readonly startedAt: Date | undefined;
  /**
   * Has the daemon read its configuration file, and returns when it has been seen to live with it. Where that does not
   * come to pass the daemon goes back, by itself if need be, to what it ran before.
   * @throws {DaemonError}
   */
  configure(): Promise<ConfigureResult>;
  /**
   * Called before {@link configure}, where it is known what the daemon runs: has it take back what neighbors would keep
   * when a protocol ends that takes no leave of them, and returns when they have heard so. What does not come to pass here
   * is passed over, as the neighbors' own timeouts end it as well. A daemon whose protocols all take leave needs none.
   * @throws {DaemonError} when the daemon goes away meanwhile
   */
  takeLeave?(options: {
    readonly running: string;
    readonly wanted: string;
    readonly signal: AbortSignal;
  }): Promise<void>;
  /**
   * Called after a configuration was not accepted, when the last accepted file is in place again: a daemon that takes
   * a configuration in parts goes back to that file. One that takes all or nothing has nothing to do.
   * @throws {DaemonError}
   */
  revert(): Promise<void>;
  /**
   * The sessions with other routers, in an order that stays.
   * @param view what the daemon was configured from, for the names of neighbors; undefined where that is not known
   * @throws {DaemonError}
   */
  observe(view: RouterView | undefined): Promise<readonly ObservedSession[]>;
  /** Gives up the connection; the daemon goes on with what it has. */
  close(): void;
}

/**
 * A routing daemon that shares a folder with the agent and reads its configuration from there. Nothing here starts or
 * ends it. The controller asks for one thing at a time.
 */
export interface RoutingDaemon {
  readonly kind: DaemonKind;
  /** Name of its configuration file in the folder. */
  readonly configFile: string;
  /** The template that becomes the configuration file, such as `bird.conf.hbs`. */
  readonly mainTemplate: string;
  /** A configuration with which it speaks to nobody; it must work whatever templates there are. */
  readonly idleConfiguration: string;
  /** Whether it cannot start without a configuration file, so that one is written before anything is known. */
  readonly needsFile: boolean;
  /** The first line that names a file outside of the folder, where statements of the daemon can; else undefined. */
  findForeignFile(text: string): ConfigurationFault | undefined;
  /**
   * What the daemon's check accepts and what would silence it nevertheless. Absent: nothing is known of that.
   * @param isToSpeak whether there is anybody to speak to
   */
  readonly findSilence?: (text: string, isToSpeak: boolean) => ConfigurationFault | undefined;
  /**
   * Which sessions would end or restart if the daemon read another configuration than it runs. Absent: nothing is known
   * of that.
   */
  readonly resetsOf?: (running: string, wanted: string) => readonly Reset[];
  /** Has the daemon's program read a file without using it. Never throws. */
  check(path: string, signal: AbortSignal): Promise<CheckResult>;
  /**
   * Finds the running daemon.
   * @throws {DaemonError}
   */
  connect(signal: AbortSignal): Promise<DaemonConnection>;
}
