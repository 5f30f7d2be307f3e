import type { Logger } from '../logger.ts';
import type { Reset } from '../edits/resets.ts';
import type { RouterView } from '../view/view.ts';
import { Applier } from './applier.ts';
import type { ApplyResult } from './applier.ts';
import { ConfigFiles, FolderError } from './config-files.ts';
import { DaemonError } from './daemon.ts';
import type { DaemonConnection, ObservedSession, RoutingDaemon } from './daemon.ts';
import { isSameMoment } from './moment.ts';
import { Renderer } from './renderer.ts';
import { wantedIdle } from './wanted.ts';
import type { Wanted, WantedText } from './wanted.ts';

export interface DriverOptions {
  readonly daemon: RoutingDaemon;
  /** The folder shared with the daemon, absolute. */
  readonly directory: string;
  readonly templateDirectory: string;
  readonly logger: Logger;
  /** Templates have changed. */
  readonly onTemplates: () => void;
  /** A connection to the daemon was made; `restarted` where it has been started anew since the last one. */
  readonly onConnected: (how: { readonly restarted: boolean }) => void;
  /** The configuration that the daemon reads next ends or restarts these. Called before it is told to; never with none. */
  readonly onResets: (resets: readonly Reset[]) => void;
  readonly signal: AbortSignal;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** So long another writer of the configuration file is left alone: longer than two agents overlap in a roll-out. */
const FOREIGN_PATIENCE_MS = 10_000;

/** What a daemon is to do: what a view says, or to speak to nobody. */
export type Assignment = { readonly type: 'configure'; readonly view: RouterView } | { readonly type: 'idle' };

/** What the writing of the configuration file came to. */
export type Written = Wanted | Extract<ApplyResult, { type: 'failed' }>;

/** Drives one daemon: what the controller does with it, step by step. Each step can be taken again. */
export class Driver {
  readonly daemon: RoutingDaemon;
  readonly #options: DriverOptions;
  readonly #files: ConfigFiles;
  readonly #applier: Applier;
  /** Made when it is needed first: it watches files. */
  #renderer: Renderer | undefined;
  #connection: DaemonConnection | undefined;
  /** When the daemon of the last connection was started. */
  #startedAt: Date | undefined;
  /** The text that the daemon has read over the present connection. */
  #configured: string | undefined;
  /** The text that the daemon runs, as far as that is known: what it has read, and before that what a past life left. */
  #running: string | undefined;
  /** The text whose resets were named: it may be tried more than once. */
  #named: string | undefined;
  /** Whether a daemon has been missing in this life: one that starts then reads the file as it is. */
  #wasAway = false;
  /** Since when the configuration file is somebody else's; monotonic milliseconds. */
  #foreignSince: number | undefined;
  /** Whether it is known to speak to nobody, and nothing was asked of it since. */
  #isIdle = false;

  constructor(options: DriverOptions) {
    this.#options = options;
    const { daemon, directory } = options;
    this.daemon = daemon;
    this.#files = new ConfigFiles(directory, daemon.configFile);
    this.#applier = new Applier({ files: this.#files, daemon });
  }

  /** Whether the daemon answers. */
  get isConnected(): boolean {
    return this.#connection?.isOpen === true;
  }

  /** Version of the daemon that answers. */
  get version(): string | undefined {
    return this.isConnected ? this.#connection?.version : undefined;
  }

  /**
   * So that the daemon can start before anything is known. A folder that is not there is nobody's: no router runs here.
   */
  async writeFirst(): Promise<void> {
    const { daemon, logger } = this.#options;
    if (!daemon.needsFile) {
      return;
    }
    try {
      if ((await this.#files.live()) === undefined) {
        await this.#files.stage(daemon.idleConfiguration);
        await this.#files.swap();
      }
    } catch (error) {
      if (!(error instanceof FolderError)) {
        throw error;
      }
      logger.debug('no first configuration for the router', { daemon: daemon.kind, error: error.message });
    }
  }

  /** Whether a past life of the agent has left the daemon something to do. */
  async isAtWork(): Promise<boolean> {
    const text = await this.#files.live();
    return text !== undefined && text !== this.daemon.idleConfiguration;
  }

  /** Makes what is wanted the configuration file; where that cannot be, says why. Does not need the daemon to run. */
  async write(assignment: Assignment): Promise<Written> {
    this.#isIdle = false;
    try {
      const wanted = await this.#wanted(assignment);
      if (wanted.type === 'refused' || (await this.#runs(wanted.text))) {
        return wanted;
      }
      if (assignment.type === 'configure') {
        await this.#files.prepare();
      }
      const result = await this.#applier.write(wanted, { isRunning: this.isConnected, signal: this.#options.signal });
      return result.type === 'done' ? wanted : result;
    } catch (error) {
      if (error instanceof FolderError) {
        return { type: 'failed', message: error.message };
      }
      throw error;
    }
  }

  /**
   * Connects to the daemon, where it is not connected. What an older daemon has read says nothing about a new one.
   * @returns why that cannot be
   */
  async connect(): Promise<DaemonError | undefined> {
    if (this.isConnected) {
      return undefined;
    }
    this.#configured = undefined;
    this.#wasAway ||= this.#connection !== undefined;
    try {
      this.#connection = await this.#options.daemon.connect(this.#options.signal);
    } catch (error) {
      if (error instanceof DaemonError) {
        this.#wasAway = true;
        return error;
      }
      throw error;
    }
    const { startedAt } = this.#connection;
    const before = this.#startedAt;
    const restarted = before !== undefined && startedAt !== undefined && !isSameMoment(startedAt, before);
    if (restarted || before === undefined || startedAt === undefined) {
      this.#running = this.#wasAway ? undefined : await this.#files.lastGood();
    }
    this.#startedAt = startedAt ?? this.#startedAt;
    this.#applier.forgetRefusal();
    this.#options.onConnected({ restarted });
    return undefined;
  }

  /**
   * Has the daemon read what was written.
   * @returns `unchanged` where it runs that already
   * @throws {DaemonError} when there is no daemon, or it goes away meanwhile
   * @throws {FolderError}
   */
  async configure(written: WantedText): Promise<ApplyResult | { readonly type: 'unchanged' }> {
    if (this.#configured === written.text && this.isConnected) {
      return { type: 'unchanged' };
    }
    const connection = this.#connected();
    this.#nameResets(written.text);
    if (this.#running !== undefined) {
      const { signal } = this.#options;
      await connection.takeLeave?.({ running: this.#running, wanted: written.text, signal });
    }
    const result = await this.#applier.configure(written, connection, this.#options.signal);
    if (result.type === 'done') {
      this.#configured = written.text;
      this.#running = written.text;
      this.#named = undefined;
    }
    return result;
  }

  /**
   * The sessions with other routers.
   * @throws {DaemonError} when there is no daemon, or it goes away meanwhile
   */
  observe(view: RouterView | undefined): Promise<readonly ObservedSession[]> {
    return this.#connected().observe(view);
  }

  /**
   * Has the daemon speak to nobody, for another one takes its place; where nothing was ever asked of it, nothing is.
   * @returns whether it speaks to nobody now, as far as it runs at all
   * @throws {FolderError}
   */
  async leave(): Promise<boolean> {
    if (this.#isIdle) {
      return true;
    }
    this.#isIdle = (await this.#files.live()) === undefined || (await this.#becomeIdle());
    if (this.#isIdle) {
      await this.#renderer?.close();
      this.#renderer = undefined;
      this.disconnect();
    }
    return this.#isIdle;
  }

  /** Gives up the connection. */
  disconnect(): void {
    this.#connection?.close();
  }

  /** Ends all that runs here; the daemon goes on with what it has. */
  async close(): Promise<void> {
    this.disconnect();
    await this.#renderer?.close();
  }

  /** Whether the daemon runs the text, and would after a restart. */
  async #runs(text: string): Promise<boolean> {
    if (this.#configured !== text || !this.isConnected) {
      return false;
    }
    switch (await this.#files.change()) {
      case 'same':
        this.#foreignSince = undefined;
        return true;
      case 'gone':
        this.#configured = undefined;
        return false;
      case 'changed':
        return this.#toleratesForeign(text);
    }
  }

  /**
   * Somebody else has written the configuration file. During a roll-out that is the agent's successor, while this one is on
   * its way out, and they are not to take turns; who else it is, a person perhaps, has it taken back after a while.
   */
  async #toleratesForeign(text: string): Promise<boolean> {
    const { now, daemon, logger } = this.#options;
    this.#foreignSince ??= now();
    if (now() - this.#foreignSince < FOREIGN_PATIENCE_MS) {
      return true;
    }
    this.#foreignSince = undefined;
    if ((await this.#files.live()) === text) {
      return true;
    }
    logger.warn(`${daemon.configFile} was changed by somebody else; it is put back`, {
      directory: this.#files.directory,
    });
    this.#configured = undefined;
    return false;
  }

  async #becomeIdle(): Promise<boolean> {
    const written = await this.write({ type: 'idle' });
    const missing = await this.connect();
    if (written.type !== 'text' || missing !== undefined) {
      // One that does not run, and will find this file when it does, is as idle as can be.
      return written.type === 'text' && missing?.code === 'NotRunning';
    }
    const { type } = await this.configure(written);
    return type === 'done' || type === 'unchanged';
  }

  async #wanted(assignment: Assignment): Promise<Wanted> {
    const { daemon, templateDirectory, logger, onTemplates } = this.#options;
    if (assignment.type === 'idle') {
      return wantedIdle(daemon);
    }
    this.#renderer ??= new Renderer({ templateDirectory, daemon, logger, onChange: onTemplates });
    return this.#renderer.render(assignment.view);
  }

  #nameResets(wanted: string): void {
    const { daemon, onResets } = this.#options;
    if (this.#running === undefined || this.#named === wanted) {
      return;
    }
    this.#named = wanted;
    const resets = daemon.resetsOf?.(this.#running, wanted) ?? [];
    if (resets.length > 0) {
      onResets(resets);
    }
  }

  #connected(): DaemonConnection {
    if (this.#connection === undefined) {
      throw new DaemonError('NotRunning', `${this.daemon.kind} is not connected`);
    }
    return this.#connection;
  }
}
