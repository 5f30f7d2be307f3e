import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describeResets } from '../edits/describe.ts';
import type { Reset } from '../edits/resets.ts';
import type { Logger } from '../logger.ts';
import { messageOf } from '../system-error.ts';
import type { RouterIntent } from '../view/build.ts';
import type { RouterView } from '../view/view.ts';
import { FolderError } from './config-files.ts';
import { DaemonError } from './daemon.ts';
import type { DaemonKind, ObservedSession } from './daemon.ts';
import { routingDaemons } from './daemons.ts';
import { Driver } from './driver.ts';
import type { Written } from './driver.ts';
import { MD5Watch } from './md5-watch.ts';
import { PassLoop } from './pass-loop.ts';
import { routerVerdict, steadySessions, turnedSessions } from './status.ts';
import type { ConfigurationState, RouterStatus } from './status.ts';

/** What metrics want to know. Called synchronously; must not throw. */
export interface RouterObserver {
  /** The daemon has taken a configuration; milliseconds from when it was wanted on. */
  applied?(milliseconds: number): void;
  /** A configuration was refused by a check, by the daemon or for its template. */
  refused?(): void;
  /** A connection to the daemon was made; `restarted` where it has been started anew since the last one. */
  connected?(how: { readonly restarted: boolean }): void;
  /** A session came up or went down, or one that was up is there no more. */
  sessionChanged?(session: Pick<ObservedSession, 'name' | 'protocol' | 'isUp'>): void;
}

export interface RouterControllerOptions {
  /** The folder shared with the daemon: for BIRD `bird.conf` and `bird.ctl` (`--router-directory`). */
  readonly directory: string;
  /** The folder with the daemon's main template and the files that it takes in (`--template-directory`). */
  readonly templateDirectory: string;
  readonly logger: Logger;
  /** BIRD's program, for its check. Default: `bird`, from PATH. */
  readonly birdPath?: string;
  /** Milliseconds between two looks at the sessions. Default: 900. BIRD tells nobody when a session changes. */
  readonly pollIntervalMs?: number;
  /** Counters of the network namespace that the daemon is in. Default: `/proc/net/netstat`, as the agent is in the same one. */
  readonly netstatPath?: string;
  readonly observer?: RouterObserver;
  /** Monotonic time in milliseconds. Default: `performance.now`. */
  readonly now?: () => number;
  /** The time of day. Default: the system's. */
  readonly wallClock?: () => Date;
}

/** Back-off while something is missing: soon at first, as the daemon starts at the same time as the agent. */
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1_000;
/** Nobody waits for a daemon that has nothing to do. */
const IDLE_RETRY_MS = 30_000;
/** A session's change is to be known within 2 s; LBNodeStatus is written at most once in one. */
const DEFAULT_POLL_MS = 900;
/**
 * Looks are closer together while something happens, and so long after it. Not for the looks alone: the first routes of a
 * session wait in BIRD 2.0.12 until something wakes its loop, a keepalive after 2.5 s (measured) or a question of ours.
 */
const RESTLESS_POLL_MS = 150;
const RESTLESS_MS = 5_000;

/** Drives one of several daemons, as the Router says; the first one until it says anything. */
type Drivers = ReadonlyMap<DaemonKind, Driver>;

/**
 * Brings a node's configuration to its routing daemon and watches its sessions. One pass runs at a time; whatever changes
 * meanwhile is taken in by the next one, in its last form. A pass does what is left to do (render, write, connect,
 * configure, look at the sessions) and says when it wants to run again, so a fault at any step heals by the next pass.
 * Where another daemon is wanted, the former one is told to speak to nobody when the new one is there and its
 * configuration has been checked. Nothing here ends a daemon or touches the kernel: {@link close} leaves all as it is.
 */
export class RouterController {
  readonly #options: RouterControllerOptions;
  readonly #drivers: Drivers;
  readonly #loop: PassLoop;
  readonly #md5: MD5Watch;
  readonly #abort = new AbortController();
  readonly #listeners = new Set<(status: RouterStatus) => void>();
  #intent: RouterIntent | undefined;
  /** The one that was wanted last. */
  #current: Driver;
  /** Whether a Router has said which one it is to be. */
  #hasChosen = false;
  /** When the configuration that is on its way was first wanted. */
  #wantedSince = 0;
  #status: RouterStatus = {
    daemon: 'None',
    router: undefined,
    configuration: { type: 'unknown' },
    connected: false,
    version: undefined,
    sessions: [],
    problems: [],
    lastReset: undefined,
  };
  /** What the daemon was configured from last. */
  #configured: RouterView | undefined;
  #retryMs = FIRST_RETRY_MS;
  /** Until when looks are close together; monotonic milliseconds. */
  #restlessUntil = 0;
  #said = '';

  constructor(options: RouterControllerOptions) {
    this.#options = options;
    const directory = resolve(options.directory);
    const drivers = routingDaemons({ directory, birdPath: options.birdPath ?? 'bird' }).map(
      (daemon) =>
        new Driver({
          daemon,
          directory,
          templateDirectory: options.templateDirectory,
          logger: options.logger,
          onTemplates: () => {
            this.#wantedSince = this.#now();
            this.#loop.wake();
          },
          onConnected: (how) => options.observer?.connected?.(how),
          onResets: (resets) => this.#announceResets(resets),
          signal: this.#abort.signal,
          now: () => this.#now(),
        }),
    );
    const [first] = drivers;
    if (first === undefined) {
      throw new Error('there is no routing daemon to drive');
    }
    this.#current = first;
    this.#drivers = new Map(drivers.map((driver) => [driver.daemon.kind, driver]));
    this.#md5 = new MD5Watch({ netstatPath: options.netstatPath, now: () => this.#now() });
    this.#loop = new PassLoop(() => this.#pass());
    this.#loop.wake();
  }

  /** Takes what is wanted from now on, as `buildRouterView` says it; call it only once all resources have been read. */
  update(intent: RouterIntent): void {
    if (isDeepStrictEqual(intent, this.#intent)) {
      return;
    }
    this.#intent = intent;
    this.#wantedSince = this.#now();
    this.#loop.wake();
  }

  /** The last known state. */
  status(): RouterStatus {
    return this.#status;
  }

  /**
   * Calls the listener after each change of the status.
   * @returns ends that
   */
  onChange(listener: (status: RouterStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends all that runs here, and leaves the daemons and their configurations as they are. */
  async close(): Promise<void> {
    this.#abort.abort();
    this.#listeners.clear();
    await this.#loop.close();
    await Promise.all([...this.#drivers.values()].map((driver) => driver.close()));
  }

  #now(): number {
    return this.#options.now?.() ?? performance.now();
  }

  /** One pass; never rejects. Returns after how many milliseconds the next one is due; undefined: when something changes. */
  async #pass(): Promise<number | undefined> {
    const intent = this.#intent;
    if (intent === undefined) {
      for (const driver of this.#drivers.values()) {
        await driver.writeFirst();
      }
      return undefined;
    }
    let configuration: ConfigurationState;
    let sessions: readonly ObservedSession[] = [];
    try {
      const driver = await this.#driverOf(intent);
      configuration = await this.#bring(intent, driver);
      sessions = await this.#look(intent, driver);
    } catch (error) {
      configuration = this.#explain(error, intent);
    }
    if (this.#abort.signal.aborted) {
      return undefined;
    }
    this.#report(intent, configuration, sessions);
    return this.#delay(intent, configuration);
  }

  /** The daemon that is to do what is wanted; what is to be kept is kept by the one that does it. */
  async #driverOf(intent: RouterIntent): Promise<Driver> {
    const driver =
      intent.type === 'configure'
        ? this.#drivers.get(intent.daemon)
        : intent.type === 'keep' && !this.#hasChosen
          ? await this.#driverOfPastLife()
          : this.#current;
    if (driver === undefined) {
      throw new Error('there is no driver of the routing daemon that the Router asks for');
    }
    this.#hasChosen ||= intent.type === 'configure';
    this.#current = driver;
    return driver;
  }

  async #driverOfPastLife(): Promise<Driver> {
    for (const driver of this.#drivers.values()) {
      if (await driver.isAtWork()) {
        return driver;
      }
    }
    return this.#current;
  }

  /** Brings what is wanted to the daemon, and says how far it has come. */
  async #bring(intent: RouterIntent, driver: Driver): Promise<ConfigurationState> {
    const written = intent.type === 'keep' ? ({ type: 'kept' } as const) : await driver.write(intent);
    const missing = await driver.connect();
    if (intent.type === 'idle') {
      const othersLeft = await this.#leaveOthers();
      if (written.type === 'failed' || missing?.code === 'NotRunning') {
        // A daemon that is not there, or has no folder, is as idle as can be.
        return othersLeft ?? { type: 'current' };
      }
    }
    if (written.type === 'refused' || written.type === 'failed') {
      return written;
    }
    if (missing !== undefined) {
      return { type: 'waiting', message: missing.message };
    }
    return written.type === 'kept' ? { type: 'current' } : this.#configure(intent, driver, written);
  }

  async #configure(
    intent: RouterIntent,
    driver: Driver,
    written: Extract<Written, { type: 'text' }>,
  ): Promise<ConfigurationState> {
    const kept = await this.#leaveOthers();
    if (kept !== undefined) {
      return kept;
    }
    const { lastReset } = this.#status;
    const result = await driver.configure(written);
    if (result.type === 'refused') {
      // What was announced has not come to pass.
      this.#status = { ...this.#status, lastReset };
    }
    switch (result.type) {
      case 'unchanged':
        return { type: 'current' };
      case 'done': {
        const milliseconds = this.#now() - this.#wantedSince;
        this.#options.observer?.applied?.(milliseconds);
        const router = routerOf(intent);
        this.#configured = intent.type === 'configure' ? intent.view : undefined;
        this.#options.logger.info(`${driver.daemon.kind} runs a new configuration`, { router, milliseconds });
        return { type: 'current' };
      }
      case 'refused':
      case 'failed':
        return result;
      default:
        return result satisfies never;
    }
  }

  /** Says which sessions the daemon is about to end or to restart, by the names that users gave them. */
  #announceResets(resets: readonly Reset[]): void {
    const intent = this.#intent;
    const views = [intent?.type === 'configure' ? intent.view : undefined, this.#configured];
    const neighbors = views.flatMap((view) => view?.bgp.neighbors ?? []);
    const nameOf = (protocol: string): string =>
      neighbors.find((neighbor) => neighbor.protocol === protocol)?.name ?? protocol;
    const sentence = describeResets(resets, nameOf) ?? '';
    const at = this.#options.wallClock?.() ?? new Date();
    this.#options.logger.warn(`the new configuration ${sentence}`, { router: intent && routerOf(intent) });
    this.#publish({ ...this.#status, lastReset: { at, sentence } });
  }

  /**
   * Has all other daemons speak to nobody: two that announce the same would be two, and only one can have port 179.
   * @returns what is to be said where one does not
   */
  async #leaveOthers(): Promise<ConfigurationState | undefined> {
    for (const driver of this.#drivers.values()) {
      if (driver !== this.#current && !(await driver.leave())) {
        const { kind } = driver.daemon;
        return { type: 'waiting', message: `${kind} does not let go of its sessions; end it, or look at its log` };
      }
    }
    return undefined;
  }

  async #look(intent: RouterIntent, driver: Driver): Promise<readonly ObservedSession[]> {
    if (intent.type === 'idle' || !driver.isConnected) {
      return [];
    }
    const view = intent.type === 'configure' ? intent.view : undefined;
    const observed = await driver.observe(view);
    return steadySessions(await this.#md5.explain(observed, view), this.#status.sessions);
  }

  #explain(error: unknown, intent: RouterIntent): ConfigurationState {
    if (error instanceof DaemonError) {
      return intent.type === 'idle' ? { type: 'current' } : { type: 'waiting', message: error.message };
    }
    const message = messageOf(error);
    if (!(error instanceof FolderError) && !this.#abort.signal.aborted) {
      const stack = error instanceof Error ? error.stack : undefined;
      this.#options.logger.error('the router failed unexpectedly', { error: stack ?? message });
    }
    return { type: 'failed', message };
  }

  /** Milliseconds to the next pass. */
  #delay(intent: RouterIntent, { type }: ConfigurationState): number | undefined {
    const { isConnected } = this.#current;
    if (intent.type === 'idle') {
      const isDone = isConnected && type === 'current';
      this.#current.disconnect();
      return isDone ? undefined : IDLE_RETRY_MS;
    }
    if (isConnected) {
      this.#retryMs = FIRST_RETRY_MS;
      const pollMs = this.#options.pollIntervalMs ?? DEFAULT_POLL_MS;
      return this.#now() < this.#restlessUntil ? Math.min(RESTLESS_POLL_MS, pollMs) : pollMs;
    }
    const delayMs = this.#retryMs;
    this.#retryMs = Math.min(delayMs * 2, LAST_RETRY_MS);
    return delayMs;
  }

  #report(intent: RouterIntent, configuration: ConfigurationState, sessions: readonly ObservedSession[]): void {
    if (intent !== this.#intent) {
      // Somebody wants something else by now; the next pass reports on that.
      return;
    }
    const before = this.#status;
    const status: RouterStatus = {
      daemon: intent.type === 'idle' ? 'None' : this.#current.daemon.kind,
      router: routerOf(intent) ?? (intent.type === 'keep' ? before.router : undefined),
      configuration,
      connected: intent.type !== 'idle' && this.#current.isConnected,
      version: intent.type === 'idle' ? undefined : this.#current.version,
      sessions,
      problems: intent.problems,
      lastReset: before.lastReset,
    };
    if (isDeepStrictEqual(status, before)) {
      return;
    }
    if (statesOf(status) !== statesOf(before)) {
      this.#restlessUntil = this.#now() + RESTLESS_MS;
    }
    this.#say(status);
    if (configuration.type === 'refused' && !isDeepStrictEqual(configuration, before.configuration)) {
      this.#options.observer?.refused?.();
    }
    this.#publish(status);
  }

  #publish(status: RouterStatus): void {
    const before = this.#status;
    this.#status = status;
    if (this.#options.observer?.sessionChanged !== undefined) {
      for (const session of turnedSessions(before.sessions, status.sessions)) {
        this.#options.observer.sessionChanged(session);
      }
    }
    for (const listener of this.#listeners) {
      listener(status);
    }
  }

  /** Once for each change of the verdict, however often a pass fails in the same way. */
  #say(status: RouterStatus): void {
    const { ready, reason, message } = routerVerdict(status);
    if (message === this.#said) {
      return;
    }
    this.#said = message;
    if (ready) {
      this.#options.logger.info(message, { reason });
    } else {
      this.#options.logger.warn(message, { reason });
    }
  }
}

function routerOf(intent: RouterIntent): string | undefined {
  return intent.type === 'configure' ? intent.view.router : undefined;
}

/** The states of all sessions: what another state of one of them changes, and routes do not. */
function statesOf({ sessions }: RouterStatus): string {
  return sessions.map(({ name, state }) => `${name}=${state}`).join();
}
