import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What {@link LabProcess} runs. */
export interface ProcessOptions {
  /** For messages and the log's file name. */
  readonly name: string;
  /** Program and arguments. */
  readonly command: readonly [string, ...string[]];
  /** The whole environment; nothing is inherited, so that a test runner's settings do not leak into real programs. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** Standard output and error are appended here. */
  readonly logFile: string;
}

/** Thrown when a process ended, or was silent, where something was expected of it. */
export class ProcessError extends Error {
  readonly code = 'LAB_PROCESS';
  constructor(message: string) {
    super(message);
    this.name = 'ProcessError';
  }
}

/**
 * A real process of the lab and its log. It writes to its log file itself, not through this process: a test that keeps
 * the event loop busy does not hold it up.
 */
export class LabProcess {
  readonly name: string;
  readonly logFile: string;
  readonly #options: ProcessOptions;
  #child: ChildProcess;
  #exited: Promise<Exit>;

  constructor(options: ProcessOptions) {
    this.name = options.name;
    this.logFile = options.logFile;
    this.#options = options;
    [this.#child, this.#exited] = launch(options);
  }

  /** The process id; of the latest start, after a restart. */
  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new ProcessError(`${this.name} could not be started; its log: ${this.logFile}`);
    return pid;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined;
  }

  /** Settles when the process of the latest start has ended. */
  get exited(): Promise<Exit> {
    return this.#exited;
  }

  /** Sends a signal (default SIGKILL) and waits for the end; at once when it has ended already. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    this.signal(signal);
    return this.#exited;
  }

  /** Sends a signal and does not wait. */
  signal(signal: NodeJS.Signals): void {
    if (this.running) this.#child.kill(signal);
  }

  /** SIGSTOP: the process keeps its sockets and does nothing. */
  pause(): void {
    this.signal('SIGSTOP');
  }

  /** SIGCONT. */
  resume(): void {
    this.signal('SIGCONT');
  }

  /** Starts the same command again; the log goes on. @throws {ProcessError} while it is still running */
  start(): void {
    if (this.running) throw new ProcessError(`${this.name} is running already (pid ${this.pid})`);
    [this.#child, this.#exited] = launch(this.#options);
  }

  /** Ends it with the signal (default SIGTERM) and starts it again. */
  async restart(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.kill(signal);
    this.start();
  }

  /** Everything it has printed, all starts together. */
  async log(): Promise<string> {
    return readFile(this.logFile, 'utf8');
  }

  /**
   * Waits until the log holds a match, from its beginning on or from the offset given (characters).
   * @param timeoutMs default 10 s
   * @throws {ProcessError} with the end of the log, when the process ends or the time is over first
   */
  async waitForLog(pattern: RegExp, options: { timeoutMs?: number; from?: number } = {}): Promise<RegExpExecArray> {
    const { timeoutMs = 10_000, from = 0 } = options;
    const controller = new AbortController();
    const ended = this.#exited.then(() => 'ended' as const);
    const timer = setTimeout(() => controller.abort(), timeoutMs);
    const watcher = watch(this.logFile, { signal: controller.signal });
    try {
      for (;;) {
        const changed = once(watcher, 'change', { signal: controller.signal }).then(() => 'changed' as const);
        changed.catch(() => {});
        const match = pattern.exec((await this.log()).slice(from));
        if (match) return match;
        const what = await Promise.race([changed, ended]).catch(() => 'late' as const);
        if (what === 'changed') continue;
        const last = pattern.exec((await this.log()).slice(from));
        if (last) return last;
        const happened = what === 'ended' ? 'ended' : `printed nothing of the kind within ${timeoutMs} ms`;
        throw new ProcessError(
          `${this.name} ${happened}; expected ${String(pattern)}; the end of ${this.logFile}:\n${await this.tail()}`,
        );
      }
    } finally {
      clearTimeout(timer);
      controller.abort();
    }
  }

  /** The last lines of the log (default 20). */
  async tail(lines = 20): Promise<string> {
    return (await this.log()).trimEnd().split('\n').slice(-lines).join('\n');
  }
}

function launch(options: ProcessOptions): [ChildProcess, Promise<Exit>] {
  const [program, ...args] = options.command;
  const log = openSync(options.logFile, 'a');
  const child = spawn(program, args, {
    cwd: options.workingDirectory,
    env: options.environment,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: 127, signal: null }));
  });
  return [child, exited];
}
