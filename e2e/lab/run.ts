import { execFile, spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { LabProcess } from './process.ts';
import { runsDirectory } from './runs.ts';

/** Where the processes of a run are looked up: bird, nft and tcpdump live in the sbin folders. */
const PATH = [process.env['PATH'] ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'].join(':');

/** How a process of a run is started. */
export interface SpawnOptions {
  /** Short name of the namespace (`node-1`, `tor`); absent: the namespace of this process. */
  readonly namespace?: string;
  /** Added to the run's small environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Default: the run's folder. */
  readonly workingDirectory?: string;
}

/** A process whose output is read here instead of going to a log. */
export interface PipedProcess {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Settles with the exit code; null after a signal. */
  readonly exited: Promise<number | null>;
  kill(signal?: NodeJS.Signals): void;
}

/** Thrown when a command of the lab exits with another status than 0. */
export class CommandError extends Error {
  readonly code = 'LAB_COMMAND';
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  constructor(options: { command: readonly string[]; exitCode: number; stdout: string; stderr: string }) {
    super(
      `\`${options.command.join(' ')}\` exited with ${options.exitCode}: ${(options.stderr || options.stdout).trim()}`,
    );
    this.name = 'CommandError';
    this.exitCode = options.exitCode;
    this.stdout = options.stdout;
    this.stderr = options.stderr;
  }
}

/**
 * One run of the lab: a random id, a folder, and whatever was started in its name. Runs know nothing of each other.
 * A reaper (`reaper.sh`) ends it: when {@link Run.close} asks, or when this process is gone for whatever reason.
 */
export class Run implements AsyncDisposable {
  /** Six hexadecimal digits. Namespaces are named `fl-ID-…`. */
  readonly id: string;
  /** Folder of the run; sockets and data anywhere in it, logs in `log/`. */
  readonly directory: string;
  readonly #reaper: ChildProcess;
  #closed: Promise<void> | undefined;
  #failed = false;

  private constructor(id: string, directory: string, reaper: ChildProcess) {
    this.id = id;
    this.directory = directory;
    this.#reaper = reaper;
  }

  /** Makes the folder and the reaper. Nothing else runs yet. */
  static async start(): Promise<Run> {
    const id = randomBytes(3).toString('hex');
    const directory = join(runsDirectory(), id);
    await mkdir(join(directory, 'log'), { recursive: true });
    await writeFile(
      join(directory, 'run.json'),
      JSON.stringify({ id, directory, pid: process.pid, started: new Date().toISOString() }),
    );
    const reaper = spawn('/bin/sh', [join(import.meta.dirname, 'reaper.sh'), id, directory], {
      detached: true,
      cwd: '/',
      env: { PATH },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    await once(reaper, 'spawn');
    // It must not keep a test runner alive that has forgotten to close the run: its end is the reaper's beginning.
    reaper.unref();
    if (reaper.stdin instanceof Socket) reaper.stdin.unref();
    return new Run(id, directory, reaper);
  }

  /** The full name of a namespace of this run. */
  namespaceName(name: string): string {
    return `fl-${this.id}-${name}`;
  }

  /** The file by which others enter a namespace of this run. */
  namespacePath(name: string): string {
    return `/run/netns/${this.namespaceName(name)}`;
  }

  logFile(name: string): string {
    return join(this.directory, 'log', `${name}.log`);
  }

  /** The environment that every process of the run has, the mark by which the reaper finds it included. */
  environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    return { PATH, HOME: process.env['HOME'] ?? '/', LANG: 'C.UTF-8', ...more, FAIRLEAD_LAB_RUN: this.id };
  }

  /** Puts `nsenter` before a command. Not `ip netns exec`: that remounts /sys and hides the cgroups. */
  inNamespace(namespace: string | undefined, command: readonly string[]): [string, ...string[]] {
    const [program = 'true', ...args] = command;
    if (namespace === undefined) return [program, ...args];
    return ['nsenter', `--net=${this.namespacePath(namespace)}`, program, ...args];
  }

  /** Starts a long-running process that logs to `log/NAME.log`. */
  spawn(name: string, command: readonly [string, ...string[]], options: SpawnOptions = {}): LabProcess {
    return new LabProcess({
      name,
      command: this.inNamespace(options.namespace, command),
      environment: this.environment(options.environment),
      workingDirectory: options.workingDirectory ?? this.directory,
      logFile: this.logFile(name),
    });
  }

  /** Starts a process whose standard output is read by the caller. Its errors go to this process's, or to a log. */
  pipe(
    command: readonly [string, ...string[]],
    options: SpawnOptions & { readonly logErrorsTo?: string } = {},
  ): PipedProcess {
    const [program, ...args] = this.inNamespace(options.namespace, command);
    const log = options.logErrorsTo === undefined ? undefined : openSync(this.logFile(options.logErrorsTo), 'a');
    const child = spawn(program, args, {
      cwd: options.workingDirectory ?? this.directory,
      env: this.environment(options.environment),
      stdio: ['pipe', 'pipe', log ?? 'inherit'],
    }) as ChildProcessByStdio<Writable, Readable, null>;
    if (log !== undefined) closeSync(log);
    const exited = new Promise<number | null>((resolve, reject) => {
      child.once('exit', (code) => resolve(code));
      child.once('error', reject);
    });
    // Who is interested waits for `exited`; who is not must not die of a late spawn error.
    exited.catch(() => {});
    child.stdin.on('error', () => {});
    if (child.pid === undefined)
      throw new Error(`cannot start ${program}: is it installed? \`node e2e/tools/setup.ts\` does that`);
    return {
      pid: child.pid,
      stdin: child.stdin,
      stdout: child.stdout,
      exited,
      kill: (signal = 'SIGTERM') => void child.kill(signal),
    };
  }

  /**
   * Runs a command to its end.
   * @returns its standard output
   * @throws {CommandError} when it exits with another status than 0
   */
  async exec(
    command: readonly string[],
    options: SpawnOptions & { stdin?: string; signal?: AbortSignal } = {},
  ): Promise<string> {
    const [program, ...args] = this.inNamespace(options.namespace, command);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const child = execFile(
      program,
      args,
      {
        cwd: options.workingDirectory ?? this.directory,
        env: this.environment(options.environment),
        maxBuffer: 256 * 1024 * 1024,
        ...(options.signal && { signal: options.signal }),
      },
      (error, stdout, stderr) => {
        if (!error) resolve(stdout);
        else if (typeof error.code === 'number')
          reject(new CommandError({ command, exitCode: error.code, stdout, stderr }));
        else reject(new Error(`\`${command.join(' ')}\` did not run to its end: ${error.message}`, { cause: error }));
      },
    );
    child.stdin?.on('error', () => {}); // the command may end without reading all of it
    child.stdin?.end(options.stdin ?? '');
    return promise;
  }

  /** Keeps the logs when the run ends, and says where they are. */
  fail(): void {
    if (this.#failed) return;
    this.#failed = true;
    process.stderr.write(`lab ${this.id}: logs kept in ${join(this.directory, 'log')}\n`);
  }

  get failed(): boolean {
    return this.#failed;
  }

  /** Ends every process of the run and removes its namespaces and, unless it failed, its folder. */
  async close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    if (this.#reaper.exitCode !== null) return;
    const gone = once(this.#reaper, 'exit');
    this.#reaper.ref();
    this.#reaper.stdin?.end(this.#failed ? 'failed\n' : 'passed\n');
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
