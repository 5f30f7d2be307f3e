import type { Logger } from '../logger.ts';
import type { RouterView } from '../view/view.ts';
import { Applier } from './applier.ts';
import type { ApplyResult } from './applier.ts';
import { ConfigFiles, FolderError } from './config-files.ts';
import { DaemonError } from './daemon.ts';
import type { DaemonConnection, ObservedSession, RoutingDaemon } from './daemon.ts';
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
  /** A connection to the daemon was made. */
  readonly onConnected: () => void;
  readonly signal: AbortSignal;
}

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
  /** The text that the daemon has read over the present connection. */
  #configured: string | undefined;
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

  /** Makes what is wanted the configuration file; where that cannot be, says why. Does not need the daemon to run. */
  async write(assignment: Assignment): Promise<Written> {
    this.#isIdle = false;
    try {
      const wanted = await this.#wanted(assignment);
      // What the daemon runs is not looked for on disk at every pass: a file that is gone is written when it is too.
      if (wanted.type === 'refused' || (this.#configured === wanted.text && this.isConnected)) {
        return wanted;
      }
      if (assignment.type === 'configure') {
        await this.#files.prepare();
      }
      const result = await this.#applier.write(wanted, this.#options.signal);
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
    try {
      this.#connection = await this.#options.daemon.connect(this.#options.signal);
    } catch (error) {
      if (error instanceof DaemonError) {
        return error;
      }
      throw error;
    }
    this.#applier.forgetRefusal();
    this.#options.onConnected();
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
    const result = await this.#applier.configure(written, this.#connected());
    if (result.type === 'done') {
      this.#configured = written.text;
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

  #connected(): DaemonConnection {
    if (this.#connection === undefined) {
      throw new DaemonError('NotRunning', `${this.daemon.kind} is not connected`);
    }
    return this.#connection;
  }
}
