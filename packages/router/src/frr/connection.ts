import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DaemonError } from '../controller/daemon.ts';
import type { ConfigureResult, DaemonConnection, ObservedSession } from '../controller/daemon.ts';
import { systemErrorCode } from '../system-error.ts';
import type { RouterView } from '../view/view.ts';
import { isShared, keepsMark, neededPrograms, PROGRAMS } from './daemons.ts';
import type { Program } from './daemons.ts';
import { difference } from './difference.ts';
import type { Command } from './difference.ts';
import { takeAway } from './removal.ts';
import { markCommand, mergeStatements, parseRunning, UNMARK_COMMAND } from './running.ts';
import { SessionWatch } from './sessions.ts';
import { parseStatements } from './statements.ts';
import type { Statement } from './statements.ts';
import { connectVty } from './vty.ts';
import type { VtyConnection } from './vty.ts';
import { applyCommands } from './vtysh.ts';
import type { VtyshFault, VtyshResult } from './vtysh.ts';

export interface FrrConnectionOptions {
  /** The folder shared with FRR, absolute: `frr.conf` and the daemons' sockets. */
  readonly directory: string;
  readonly vtyshPath: string;
  readonly signal: AbortSignal;
}

/** The mark of a configuration that has been brought in part. */
const PENDING = 'pending';
/** A thousand lines take less than a second; a zebra that takes in ten thousand routes is slow to answer. */
const APPLY_TIMEOUT_MS = 30_000;

/** What FRR runs, as far as that is known. */
interface Present {
  /** One for each daemon that keeps marks; undefined: none of ours. */
  readonly marks: readonly (string | undefined)[];
  /** What any daemon has. */
  readonly statements: readonly Statement[];
  /** What none lacks that should have it. */
  readonly everywhere: readonly Statement[];
}

/** A configuration that FRR has taken as a whole. */
interface Brought {
  readonly key: string;
  readonly statements: readonly Statement[];
}

/** The daemons of a running FRR: open while each of those that were there at first is. */
export class FrrConnection implements DaemonConnection {
  readonly version: string | undefined;
  readonly startedAt = undefined;
  readonly #options: FrrConnectionOptions;
  readonly #daemons = new Map<Program, VtyConnection>();
  readonly #watch = new SessionWatch({
    ask: async (program, command) => (await this.#daemons.get(program)?.command(command))?.text,
    now: Date.now,
  });
  /** The last text that was brought as a whole, with its mark. */
  #brought: Brought | undefined;

  private constructor(options: FrrConnectionOptions, zebra: VtyConnection, version: string | undefined) {
    this.#options = options;
    this.#daemons.set('zebra', zebra);
    this.version = version;
  }

  /**
   * Connects to every daemon that runs; zebra has to.
   * @throws {DaemonError}
   */
  static async open(options: FrrConnectionOptions): Promise<FrrConnection> {
    const { directory, signal } = options;
    const zebra = await connectVty({ name: 'zebra', path: socketPath(directory, 'zebra'), signal });
    const version = /FRRouting (\S+)/.exec((await zebra.command('show version')).text)?.[1];
    const connection = new FrrConnection(options, zebra, version);
    await connection.#connectOthers();
    return connection;
  }

  get isOpen(): boolean {
    return [...this.#daemons.values()].every((daemon) => daemon.isOpen);
  }

  /**
   * Brings what differs between frr.conf and what FRR runs. Where a daemon refuses a line all that was brought is taken
   * back. An FRR that others have configured is left alone, and a daemon that is needed and does not run is waited for.
   * @throws {DaemonError}
   */
  async configure(): Promise<ConfigureResult> {
    const text = (await this.#read('frr.conf')) ?? '';
    const wanted = parseStatements(text);
    await this.#connectOthers();
    const missing = neededPrograms(wanted).find((program) => !this.#daemons.has(program));
    if (missing !== undefined) {
      const message = `FRR's ${missing} does not run, and the configuration needs it; start it (${missing}=yes in /etc/frr/daemons)`;
      return { type: 'failed', message };
    }
    const present = await this.#present();
    const [foreign] = present.statements;
    if (present.marks.every((mark) => mark === undefined) && foreign !== undefined) {
      const message = `FRR has a configuration of others (${foreign.text}), which is left alone; give Fairlead an FRR of its own, or write daemon: None`;
      return wanted.length === 0 ? { type: 'accepted' } : { type: 'failed', message };
    }
    const key = keyOf(text);
    if (present.marks.every((mark) => mark === key)) {
      this.#brought = { key, statements: wanted };
      return { type: 'accepted' };
    }
    return this.#bring(wanted, key, present);
  }

  /** What was refused has been taken back already. */
  async revert(): Promise<void> {}

  /** @throws {DaemonError} */
  observe(view: RouterView | undefined): Promise<readonly ObservedSession[]> {
    return this.#watch.look(view);
  }

  close(): void {
    for (const daemon of this.#daemons.values()) {
      daemon.close();
    }
  }

  /** Daemons that are not there are none of ours until a configuration needs them. */
  async #connectOthers(): Promise<void> {
    const { directory, signal } = this.#options;
    for (const program of PROGRAMS.filter((each) => !this.#daemons.has(each))) {
      try {
        this.#daemons.set(program, await connectVty({ name: program, path: socketPath(directory, program), signal }));
      } catch (error) {
        if (!(error instanceof DaemonError) || error.code !== 'NotRunning') {
          throw error;
        }
      }
    }
  }

  async #present(): Promise<Present> {
    const parts = await Promise.all(
      [...this.#daemons].map(async ([program, daemon]) => {
        const { text } = await daemon.command('show running-config');
        return { program, running: parseRunning(text) };
      }),
    );
    const marks = parts.filter(({ program }) => keepsMark(program)).map(({ running }) => running.mark);
    const statements = mergeStatements(parts.map(({ running }) => running.statements));
    return {
      marks,
      statements,
      // A daemon that has begun anew lacks what all of them keep, whatever the others say.
      everywhere: marks.includes(undefined) ? statements.filter(({ text }) => !isShared(text)) : statements,
    };
  }

  async #bring(wanted: readonly Statement[], key: string, present: Present): Promise<ConfigureResult> {
    const known = await this.#known(present);
    const { removals } = difference(known ?? present.statements, wanted);
    const { additions } = difference(known ?? present.everywhere, wanted);
    if (wanted.length + removals.length === 0) {
      return { type: 'accepted' };
    }
    await this.#mark(markCommand(PENDING));
    await this.#remove(removals);
    const added = await this.#apply(additions);
    switch (added.type) {
      case 'done':
        await this.#mark(wanted.length === 0 ? UNMARK_COMMAND : markCommand(key));
        this.#brought = { key, statements: wanted };
        return { type: 'accepted' };
      case 'faults': {
        await this.#takeBack(known ?? present.statements, present);
        const [fault] = added.faults;
        return { type: 'invalid', fault: { line: lineOf(fault, additions), message: fault.message } };
      }
      case 'failed':
        return added;
      default:
        return added satisfies never;
    }
  }

  /**
   * The text behind a mark that all daemons have: closer to what was asked for than FRR's own words, which say many
   * things in another way.
   */
  async #known({ marks }: Present): Promise<readonly Statement[] | undefined> {
    const candidates = [this.#brought, await this.#lastGood()];
    return candidates.find((each) => each !== undefined && marks.every((mark) => mark === each.key))?.statements;
  }

  /** What the agent's former life brought. */
  async #lastGood(): Promise<Brought | undefined> {
    const text = await this.#read('frr.conf.last-good');
    return text === undefined ? undefined : { key: keyOf(text), statements: parseStatements(text) };
  }

  /** From wherever a refused configuration has come to, back to what was there before it. */
  async #takeBack(before: readonly Statement[], { marks }: Present): Promise<void> {
    const now = await this.#present();
    const { removals, additions } = difference(now.statements, before);
    await this.#remove(removals);
    const [mark] = marks;
    const last = marks.every((each) => each === mark) && mark !== undefined ? markCommand(mark) : UNMARK_COMMAND;
    await this.#apply(additions);
    await this.#mark(last);
  }

  /** @throws {DaemonError} */
  async #mark(command: string): Promise<void> {
    const keepers = [...this.#daemons].filter(([program]) => keepsMark(program));
    await Promise.all(
      keepers.flatMap(([, daemon]) => ['configure terminal', command, 'end'].map((text) => daemon.command(text))),
    );
  }

  /**
   * Takes things away, daemon by daemon and not by vtysh, which tells no other daemon once one does not know of it: what
   * is not there any more is no fault.
   * @throws {DaemonError}
   */
  async #remove(removals: readonly Command[]): Promise<void> {
    if (removals.length > 0) {
      await Promise.all([...this.#daemons.values()].map((daemon) => takeAway(daemon, removals)));
    }
  }

  async #apply(commands: readonly Command[]): Promise<VtyshResult> {
    if (commands.length === 0) {
      return { type: 'done' };
    }
    const { directory, vtyshPath, signal } = this.#options;
    const path = join(directory, 'frr.conf.commands');
    await rm(path, { force: true });
    // There may be passwords in it.
    await writeFile(path, commands.map(({ text }) => `${text}\n`).join(''), { mode: 0o600 });
    try {
      return await applyCommands({ vtyshPath, directory, path, timeoutMs: APPLY_TIMEOUT_MS, signal });
    } finally {
      await rm(path, { force: true });
    }
  }

  async #read(name: string): Promise<string | undefined> {
    try {
      return await readFile(join(this.#options.directory, name), 'utf8');
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') {
        return undefined;
      }
      throw error;
    }
  }
}

/** The line of the configuration that a fault is about. */
function lineOf({ line, together }: VtyshFault, additions: readonly Command[]): number | undefined {
  const command =
    line === undefined
      ? additions.find(({ text, line: written }) => written > 0 && together.includes(text))
      : additions[line - 1];
  return command?.line === 0 ? undefined : command?.line;
}

/** Names a text, in a word that FRR can keep. */
function keyOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function socketPath(directory: string, program: Program): string {
  return join(directory, `${program}.vty`);
}
