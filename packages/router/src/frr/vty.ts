import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { DaemonError } from '../controller/daemon.ts';
import { messageOf } from '../system-error.ts';
import { VtyReplyParser } from './vty-replies.ts';
import type { VtyReply } from './vty-replies.ts';

export interface VtyOptions {
  /** Name of the daemon, such as `bgpd`, for messages. */
  readonly name: string;
  /** Path of its socket, such as `…/bgpd.vty`. */
  readonly path: string;
  /** Milliseconds for each answer. Default: 10,000. */
  readonly timeoutMs?: number;
  /** Closes the connection, also while it is being made. */
  readonly signal: AbortSignal;
}

interface Waiting {
  readonly resolve: (reply: VtyReply) => void;
  readonly reject: (error: DaemonError) => void;
  readonly timer: NodeJS.Timeout;
}

const DEFAULT_TIMEOUT_MS = 10_000;

/**
 * A connection to one of FRR's daemons, as vtysh makes it, for commands that show something. Not vtysh itself: that
 * reads all commands of all daemons at each start, and does not tell when a daemon ends. After an error or a missed time
 * limit it is closed for good.
 */
export class VtyConnection {
  readonly name: string;
  readonly #socket: Socket;
  readonly #path: string;
  readonly #timeoutMs: number;
  readonly #parser = new VtyReplyParser();
  readonly #waiting: Waiting[] = [];
  readonly #signal: AbortSignal;
  readonly #abort = (): void => this.close();
  #ended: DaemonError | undefined;

  constructor(socket: Socket, { name, path, timeoutMs = DEFAULT_TIMEOUT_MS, signal }: VtyOptions) {
    this.name = name;
    this.#socket = socket;
    this.#path = path;
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
    signal.addEventListener('abort', this.#abort);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#end(connectionError(error, name, path)));
    socket.on('close', () => this.#end(new DaemonError('Disconnected', `${name} closed its socket ${path}`)));
  }

  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  /**
   * Sends a command and waits for its answer, whatever its status.
   * @param text one line
   * @throws {DaemonError}
   */
  command(text: string): Promise<VtyReply> {
    if (this.#ended !== undefined) {
      return Promise.reject(this.#ended);
    }
    const answer = new Promise<VtyReply>((resolve, reject) => {
      const timer = setTimeout(() => {
        const sentence = `${this.name} did not answer on ${this.#path} within ${this.#timeoutMs} ms`;
        this.#end(new DaemonError('TimedOut', sentence));
      }, this.#timeoutMs);
      this.#waiting.push({ resolve, reject, timer });
    });
    this.#socket.write(`${text}\0`);
    return answer;
  }

  close(): void {
    this.#end(new DaemonError('Disconnected', `the connection to ${this.#path} was closed`));
  }

  #receive(chunk: Buffer): void {
    try {
      for (const reply of this.#parser.push(chunk)) {
        const waiting = this.#waiting.shift();
        clearTimeout(waiting?.timer);
        waiting?.resolve(reply);
      }
    } catch (error) {
      this.#end(new DaemonError('Disconnected', `${this.#path}: ${messageOf(error)}`, { cause: error }));
    }
  }

  #end(error: DaemonError): void {
    this.#ended ??= error;
    this.#signal.removeEventListener('abort', this.#abort);
    this.#socket.destroy();
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(error);
    }
  }
}

/**
 * Connects and asks for the right to see the configuration, which every connection on this socket gets.
 * @throws {DaemonError}
 */
export async function connectVty(options: VtyOptions): Promise<VtyConnection> {
  const connection = new VtyConnection(createConnection(options.path), options);
  const { status, text } = await connection.command('enable');
  if (status !== 0) {
    connection.close();
    throw new DaemonError('Disconnected', `${options.name} answers ${JSON.stringify(text)} (${status}) to enable`);
  }
  return connection;
}

function connectionError(error: NodeJS.ErrnoException, name: string, path: string): DaemonError {
  const options = { cause: error };
  switch (error.code) {
    case 'ENOENT':
      return new DaemonError('NotRunning', `no FRR socket ${path}; start ${name} with --vty_socket`, options);
    case 'ECONNREFUSED':
      return new DaemonError(
        'NotRunning',
        `nobody listens on the FRR socket ${path}, which an ended ${name} has left; start ${name} again`,
        options,
      );
    case 'EACCES':
    case 'EPERM':
      return new DaemonError(
        'NotPermitted',
        `no right to use the FRR socket ${path}; run the agent as root or in the group that owns it`,
        options,
      );
    default:
      return new DaemonError('Disconnected', `the FRR socket ${path} failed: ${error.message}`, options);
  }
}
