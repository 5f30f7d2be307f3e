import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { RouterSession } from '@fairlead/api';
import { connectControl, ControlError } from '../bird/client.ts';
import type { ControlConnection } from '../bird/client.ts';
import { parseProtocols } from '../bird/sessions.ts';
import type { Logger } from '../logger.ts';
import { messageOf } from '../system-error.ts';
import type { RouterIntent } from '../view/build.ts';
import { Applier } from './applier.ts';
import type { ApplyResult } from './applier.ts';
import { ConfigFiles, FolderError } from './config-files.ts';
import { PassLoop } from './pass-loop.ts';
import { Renderer } from './renderer.ts';
import { routerVerdict, sessionsOf } from './status.ts';
import type { ConfigurationState, RouterStatus } from './status.ts';
import { WANTED_IDLE } from './wanted.ts';
import type { Wanted } from './wanted.ts';

/** What metrics want to know. Called synchronously; must not throw. */
export interface RouterObserver {
  /** BIRD has taken a configuration; milliseconds from when it was wanted on. */
  applied?(milliseconds: number): void;
  /** A configuration was refused by a check, by BIRD or for its template. */
  refused?(): void;
  /** A connection to BIRD was made. */
  connected?(): void;
}

export interface RouterControllerOptions {
  /** The folder shared with BIRD: `bird.conf` and `bird.ctl` (`--router-directory`). */
  readonly directory: string;
  /** The folder with `bird.conf.hbs` and the files that it takes in (`--template-directory`). */
  readonly templateDirectory: string;
  readonly logger: Logger;
  /** BIRD's program, for its check. Default: `bird`, from PATH. */
  readonly birdPath?: string;
  /** Milliseconds between two looks at the sessions. Default: 1,500. BIRD tells nobody when a session changes. */
  readonly pollIntervalMs?: number;
  readonly observer?: RouterObserver;
  /** Monotonic time in milliseconds. Default: `performance.now`. */
  readonly now?: () => number;
}

/** Back-off while something is missing: soon at first, as BIRD starts at the same time as the agent. */
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1_000;
/** Nobody waits for a BIRD that has nothing to do. */
const IDLE_RETRY_MS = 30_000;
const CHECK_TIMEOUT_MS = 10_000;
/** A session's change is to be known within 2 s, a look and its report included. */
const DEFAULT_POLL_MS = 1_500;

/**
 * Brings a node's configuration to BIRD and watches its sessions. One pass runs at a time; whatever changes meanwhile is
 * taken in by the next one, in its last form. A pass does what is left to do (render, write, connect, configure, look at
 * the sessions) and says when it wants to run again, so a fault at any step heals by the next pass. Nothing here ends
 * BIRD or touches the kernel: {@link close} leaves all as it is.
 */
export class RouterController {
  readonly #options: RouterControllerOptions;
  readonly #files: ConfigFiles;
  readonly #applier: Applier;
  readonly #renderer: Renderer;
  readonly #loop: PassLoop;
  readonly #abort = new AbortController();
  readonly #listeners = new Set<(status: RouterStatus) => void>();
  #intent: RouterIntent | undefined;
  /** When the configuration that is on its way was first wanted. */
  #wantedSince = 0;
  #connection: ControlConnection | undefined;
  /** The text that BIRD has read over the present connection. */
  #configured: string | undefined;
  #status: RouterStatus = {
    daemon: 'None',
    router: undefined,
    configuration: { type: 'unknown' },
    connected: false,
    sessions: [],
    problems: [],
  };
  #retryMs = FIRST_RETRY_MS;
  #said = '';

  constructor(options: RouterControllerOptions) {
    this.#options = options;
    this.#files = new ConfigFiles(resolve(options.directory));
    this.#applier = new Applier({
      files: this.#files,
      birdPath: options.birdPath ?? 'bird',
      checkTimeoutMs: CHECK_TIMEOUT_MS,
    });
    this.#renderer = new Renderer({
      templateDirectory: options.templateDirectory,
      directory: this.#files.directory,
      logger: options.logger,
      onChange: () => {
        this.#wantedSince = this.#now();
        this.#loop.wake();
      },
    });
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

  /** Ends all that runs here, and leaves BIRD and its configuration as they are. */
  async close(): Promise<void> {
    this.#abort.abort();
    this.#listeners.clear();
    await this.#renderer.close();
    await this.#loop.close();
  }

  #now(): number {
    return this.#options.now?.() ?? performance.now();
  }

  /** One pass; never rejects. Returns after how many milliseconds the next one is due; undefined: when something changes. */
  async #pass(): Promise<number | undefined> {
    const intent = this.#intent;
    if (intent === undefined) {
      await this.#writeFirst();
      return undefined;
    }
    let configuration: ConfigurationState;
    let sessions: readonly RouterSession[] = [];
    try {
      const written = await this.#write(intent);
      const connection = await this.#connect();
      configuration = await this.#configure(intent, written, connection);
      sessions = await this.#look(intent, connection);
    } catch (error) {
      configuration = this.#explain(error, intent);
    }
    if (this.#abort.signal.aborted) {
      return undefined;
    }
    this.#report(intent, configuration, sessions);
    return this.#delay(intent, configuration);
  }

  /** So that BIRD can start before anything is known. A folder that is not there is nobody's: no router runs here. */
  async #writeFirst(): Promise<void> {
    try {
      if ((await this.#files.live()) === undefined) {
        await this.#files.stage(WANTED_IDLE.text);
        await this.#files.swap();
      }
    } catch (error) {
      if (!(error instanceof FolderError)) {
        throw error;
      }
      this.#options.logger.debug('no first configuration for BIRD', { error: error.message });
    }
  }

  /** Makes what is wanted bird.conf; where that cannot be, says why. Does not need BIRD to run. */
  async #write(intent: RouterIntent): Promise<Written> {
    if (intent.type === 'keep') {
      return { type: 'kept' };
    }
    try {
      const wanted = await this.#renderer.render(intent);
      // What BIRD runs is not looked for on disk at every pass: a file that is gone is written when BIRD is too.
      if (wanted.type === 'refused' || (this.#configured === wanted.text && this.#connection?.isOpen === true)) {
        return wanted;
      }
      if (intent.type === 'configure') {
        await this.#files.prepare();
      }
      const result = await this.#applier.write(wanted, this.#abort.signal);
      return result.type === 'done' ? wanted : result;
    } catch (error) {
      if (error instanceof FolderError) {
        return { type: 'failed', message: error.message };
      }
      throw error;
    }
  }

  /** Has BIRD read bird.conf, if it has not yet, and says how far what is wanted has come. */
  async #configure(
    intent: RouterIntent,
    written: Written,
    connection: ControlConnection | ControlError,
  ): Promise<ConfigurationState> {
    if (intent.type === 'idle' && (written.type === 'failed' || isAbsent(connection))) {
      // A BIRD that is not there, or has no folder, is as idle as can be.
      return { type: 'current' };
    }
    if (written.type === 'refused' || written.type === 'failed') {
      return written;
    }
    if (connection instanceof ControlError) {
      return { type: 'waiting', message: connection.message };
    }
    if (written.type === 'kept' || this.#configured === written.text) {
      return { type: 'current' };
    }
    const result = await this.#applier.configure(written, connection);
    if (result.type !== 'done') {
      return result;
    }
    this.#configured = written.text;
    const milliseconds = this.#now() - this.#wantedSince;
    this.#options.observer?.applied?.(milliseconds);
    this.#options.logger.info('BIRD runs a new configuration', { router: routerOf(intent), milliseconds });
    return { type: 'current' };
  }

  /** The connection to BIRD, new where there is none. What an older BIRD has read says nothing about a new one. */
  async #connect(): Promise<ControlConnection | ControlError> {
    if (this.#connection?.isOpen === true) {
      return this.#connection;
    }
    this.#configured = undefined;
    try {
      this.#connection = await connectControl({
        path: resolve(this.#options.directory, 'bird.ctl'),
        signal: this.#abort.signal,
      });
    } catch (error) {
      if (error instanceof ControlError) {
        return error;
      }
      throw error;
    }
    this.#applier.forgetRefusal();
    this.#options.observer?.connected?.();
    return this.#connection;
  }

  async #look(intent: RouterIntent, connection: ControlConnection | ControlError): Promise<readonly RouterSession[]> {
    if (intent.type === 'idle' || connection instanceof ControlError) {
      return [];
    }
    const reply = await connection.command('show protocols all');
    return sessionsOf(
      parseProtocols(reply),
      intent.type === 'configure' ? intent.view : undefined,
      this.#status.sessions,
    );
  }

  #explain(error: unknown, intent: RouterIntent): ConfigurationState {
    if (error instanceof ControlError) {
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
    const isConnected = this.#connection?.isOpen === true;
    if (intent.type === 'idle') {
      const isDone = isConnected && type === 'current';
      this.#connection?.close();
      return isDone ? undefined : IDLE_RETRY_MS;
    }
    if (isConnected) {
      this.#retryMs = FIRST_RETRY_MS;
      return this.#options.pollIntervalMs ?? DEFAULT_POLL_MS;
    }
    const delayMs = this.#retryMs;
    this.#retryMs = Math.min(delayMs * 2, LAST_RETRY_MS);
    return delayMs;
  }

  #report(intent: RouterIntent, configuration: ConfigurationState, sessions: readonly RouterSession[]): void {
    if (intent !== this.#intent) {
      // Somebody wants something else by now; the next pass reports on that.
      return;
    }
    const before = this.#status;
    const status: RouterStatus = {
      daemon: intent.type === 'idle' ? 'None' : 'BIRD',
      router: routerOf(intent) ?? (intent.type === 'keep' ? before.router : undefined),
      configuration,
      connected: intent.type !== 'idle' && this.#connection?.isOpen === true,
      sessions,
      problems: intent.problems,
    };
    if (isDeepStrictEqual(status, before)) {
      return;
    }
    this.#status = status;
    this.#say(status);
    if (configuration.type === 'refused' && !isDeepStrictEqual(configuration, before.configuration)) {
      this.#options.observer?.refused?.();
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

/** What the writing of bird.conf came to. */
type Written = Wanted | Extract<ApplyResult, { type: 'failed' }> | { readonly type: 'kept' };

function isAbsent(connection: ControlConnection | ControlError): boolean {
  return connection instanceof ControlError && connection.code === 'NotRunning';
}

function routerOf(intent: RouterIntent): string | undefined {
  return intent.type === 'configure' ? intent.view.router : undefined;
}
