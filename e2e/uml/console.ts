import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { CommandError, EventLog } from '../lab/index.ts';
import type { FromGuest, GuestExit, ToGuest } from './protocol.ts';

type Result = Extract<FromGuest, { type: 'result' }>;

/** A program that runs inside the guest. */
export interface GuestProcess {
  /** The lines of its standard output; empty when they go to a log. */
  readonly lines: EventLog<string>;
  /** Settles when it has ended; fails when the guest ends first. */
  readonly exited: Promise<GuestExit>;
  /** Sends a signal and does not wait. */
  signal(signal: NodeJS.Signals): void;
  /** Sends SIGTERM and waits for the end. */
  end(): Promise<GuestExit>;
}

interface Running {
  readonly lines: EventLog<string>;
  readonly exit: PromiseWithResolvers<GuestExit>;
}

/** This side of the console of a guest; `guest/server.ts` is the other. */
export class GuestConsole {
  /** Settles when the guest has booted; fails when it ends before. */
  readonly ready: Promise<void>;
  readonly #input: Writable;
  readonly #ready = Promise.withResolvers<void>();
  readonly #results = new Map<number, PromiseWithResolvers<Result>>();
  readonly #running = new Map<number, Running>();
  #count = 0;

  /** @param where the guest's own words are, for errors */
  constructor(streams: { readonly input: Writable; readonly output: Readable; readonly where: string }) {
    this.#input = streams.input;
    this.ready = this.#ready.promise;
    this.ready.catch(() => {}); // who waits for it hears of it
    createInterface({ input: streams.output })
      .on('line', (line) => this.#hear(JSON.parse(line) as FromGuest))
      .on('close', () => this.#end(new Error(`the guest has ended; its last words are in ${streams.where}`)));
  }

  /**
   * Runs a command to its end.
   * @returns its standard output
   * @throws {CommandError} when it exits with another status than 0
   */
  async run(command: readonly string[], stdin = ''): Promise<string> {
    const id = this.#next();
    const pending = Promise.withResolvers<Result>();
    this.#results.set(id, pending);
    this.#say({ type: 'run', id, command, stdin });
    const { code, stdout, stderr } = await pending.promise;
    if (code !== 0) {
      throw new CommandError({ command, exitCode: code ?? -1, stdout, stderr });
    }
    return stdout;
  }

  /** Starts a program. @param logFile gets all it prints; undefined: its lines come here */
  start(command: readonly string[], logFile?: string): GuestProcess {
    const id = this.#next();
    const running: Running = { lines: new EventLog(), exit: Promise.withResolvers() };
    const exited = running.exit.promise;
    exited.catch(() => {}); // who waits for it hears of it
    this.#running.set(id, running);
    this.#say({ type: 'start', id, command, logFile: logFile ?? null });
    const signal = (name: NodeJS.Signals): void => this.#say({ type: 'signal', id, signal: name });
    const end = async (): Promise<GuestExit> => {
      signal('SIGTERM');
      return exited;
    };
    return { lines: running.lines, exited, signal, end };
  }

  #next(): number {
    this.#count += 1;
    return this.#count;
  }

  #say(order: ToGuest): void {
    this.#input.write(`${JSON.stringify(order)}\n`);
  }

  #hear(event: FromGuest): void {
    switch (event.type) {
      case 'ready':
        this.#ready.resolve();
        return;
      case 'result':
        this.#results.get(event.id)?.resolve(event);
        this.#results.delete(event.id);
        return;
      case 'line':
        this.#running.get(event.id)?.lines.push(event.line);
        return;
      case 'exit': {
        const running = this.#running.get(event.id);
        this.#running.delete(event.id);
        running?.lines.end();
        running?.exit.resolve({ code: event.code, signal: event.signal });
        return;
      }
      default:
        event satisfies never;
    }
  }

  #end(error: Error): void {
    this.#ready.reject(error);
    for (const { reject } of this.#results.values()) {
      reject(error);
    }
    for (const { lines, exit } of this.#running.values()) {
      lines.end();
      exit.reject(error);
    }
    this.#results.clear();
    this.#running.clear();
  }
}
