import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { DaemonError } from '../controller/daemon.ts';
import { messageOf } from '../system-error.ts';
import { ReplyError, ReplyParser, replyText, REPLY_CODES } from './replies.ts';
import type { Reply } from './replies.ts';

/** Thrown by {@link connectControl} and {@link ControlConnection.command}; the message says what to look at. */
export class ControlError extends DaemonError {
  override readonly name = 'ControlError';
}

export interface ControlOptions {
  /** Path of the socket, BIRD's `-s`. */
  readonly path: string;
  /** Milliseconds for the connection and, unless told otherwise, for each answer. Default: 3,000. */
  readonly timeoutMs?: number;
  /** Closes the connection, also while it is being made. */
  readonly signal?: AbortSignal;
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: ControlError) => void;
  readonly timer: NodeJS.Timeout;
}

/** BIRD answers within a millisecond while it has nothing else to do; who is stopped is to be noticed soon. */
const DEFAULT_TIMEOUT_MS = 3_000;

/**
 * A connection to BIRD's control socket. Commands are answered in order. After an error or a missed time limit it is
 * closed for good, as answers could no longer be told apart.
 */
export class ControlConnection {
  readonly #socket: Socket;
  readonly #path: string;
  readonly #timeoutMs: number;
  readonly #parser = new ReplyParser();
  readonly #waiting: Waiting[] = [];
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => this.close();
  #ended: ControlError | undefined;
  /** What BIRD said first, such as `BIRD 2.0.12 ready.` */
  greeting = '';

  constructor(socket: Socket, { path, timeoutMs = DEFAULT_TIMEOUT_MS, signal }: ControlOptions) {
    this.#signal = signal;
    this.#socket = socket;
    this.#path = path;
    this.#timeoutMs = timeoutMs;
    signal?.addEventListener('abort', this.#abort);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#end(connectionError(error, path)));
    socket.on('close', () => this.#end(new ControlError('Disconnected', `BIRD closed its control socket ${path}`)));
  }

  /** Whether commands can still be sent. */
  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  /**
   * Sends a command and waits for its answer, whatever its code.
   * @param text one line
   * @param timeoutMs milliseconds for this answer; default: those of the connection
   * @throws {ControlError}
   */
  command(text: string, timeoutMs = this.#timeoutMs): Promise<Reply> {
    const answer = this.reply(timeoutMs);
    this.#socket.write(`${text}\n`);
    return answer;
  }

  /** The next answer; the greeting is one. */
  reply(timeoutMs = this.#timeoutMs): Promise<Reply> {
    if (this.#ended !== undefined) {
      return Promise.reject(this.#ended);
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () =>
          this.#end(
            new ControlError(
              'TimedOut',
              `BIRD did not answer on ${this.#path} within ${timeoutMs} ms; see whether it is stopped or busy`,
            ),
          ),
        timeoutMs,
      );
      this.#waiting.push({ resolve, reject, timer });
    });
  }

  close(): void {
    this.#end(new ControlError('Disconnected', `the connection to ${this.#path} was closed`));
  }

  #receive(chunk: Buffer): void {
    try {
      for (const reply of this.#parser.push(chunk)) {
        const waiting = this.#waiting.shift();
        if (waiting === undefined) {
          throw new ReplyError(`it says ${JSON.stringify(replyText(reply).slice(0, 80))} without being asked`);
        }
        clearTimeout(waiting.timer);
        waiting.resolve(reply);
      }
    } catch (error) {
      this.#end(new ControlError('Disconnected', `${this.#path}: ${messageOf(error)}`, { cause: error }));
    }
  }

  #end(error: ControlError): void {
    this.#ended ??= error;
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#socket.destroy();
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(error);
    }
  }
}

/**
 * Connects and reads the greeting, whatever the version: what BIRD cannot do it says when it is told to.
 * @throws {ControlError}
 */
export async function connectControl(options: ControlOptions): Promise<ControlConnection> {
  const connection = new ControlConnection(createConnection(options.path), options);
  const greeting = await connection.reply();
  if (greeting.code !== REPLY_CODES.welcome) {
    connection.close();
    throw new ControlError(
      'Disconnected',
      `${options.path} greets with ${replyText(greeting)}; is this BIRD's socket?`,
    );
  }
  connection.greeting = replyText(greeting);
  return connection;
}

function connectionError(error: NodeJS.ErrnoException, path: string): ControlError {
  const options = { cause: error };
  switch (error.code) {
    case 'ENOENT':
      return new ControlError('NotRunning', `no BIRD socket ${path}; start bird -f -c …/bird.conf -s ${path}`, options);
    case 'ECONNREFUSED':
      return new ControlError(
        'NotRunning',
        `nobody listens on the BIRD socket ${path}, which an ended BIRD has left; start BIRD again`,
        options,
      );
    case 'EACCES':
    case 'EPERM':
      return new ControlError(
        'NotPermitted',
        `no right to use the BIRD socket ${path}; run the agent as the user or in the group that owns it`,
        options,
      );
    default:
      return new ControlError('Disconnected', `the BIRD socket ${path} failed: ${error.message}`, options);
  }
}
