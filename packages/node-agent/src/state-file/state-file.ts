import { hash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '@fairlead/runtime';
import type { Timers } from '../apply/timers.ts';
import { decodeState, encodeState, StateFileError } from './codec.ts';
import type { AgentState } from './codec.ts';

/** Shortest time between two writes that nobody waits for. */
const QUIET_MS = 1_000;

export interface StateFileOptions {
  readonly path: string;
  readonly logger: Logger;
  readonly timers: Timers;
  /** The state as it is now; called when it is about to be written. */
  readonly state: () => AgentState;
}

/** Keeps the state file up to date, written whole to a neighbour and renamed, so that a reader never sees half of it. */
export class StateFile {
  readonly #options: StateFileOptions;
  #cancel: (() => void) | undefined;
  /** Digest of what is on disk: the text itself is 2 MB with ten thousand Services. */
  #last = '';
  #writing: Promise<void> = Promise.resolve();
  #failed = false;
  #costMs = 0;

  constructor(options: StateFileOptions) {
    this.#options = options;
  }

  /** The state changed: it is written soon, later the more it costs. */
  changed(): void {
    // A hundredth of the time at most goes into writing it, however big it is.
    this.#cancel ??= this.#options.timers.after(Math.max(QUIET_MS, this.#costMs * 100), () => {
      this.#cancel = undefined;
      void this.write();
    });
  }

  /** Writes it now. Resolves when it is on disk, or could not be written, which has been said; never rejects. */
  write(): Promise<void> {
    this.#writing = this.#writeAfter(this.#writing);
    return this.#writing;
  }

  async #writeAfter(former: Promise<void>): Promise<void> {
    await former;
    try {
      await this.#write();
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) {
        this.#options.logger.error(
          `The state file ${this.#options.path} cannot be written: after a restart without the API server the agent will know nothing; make its folder writable or give another with --state-file`,
          { error },
        );
      }
      this.#failed = true;
    }
  }

  /** Cancels what is planned. */
  close(): void {
    this.#cancel?.();
  }

  async #write(): Promise<void> {
    const started = this.#options.timers.now();
    const text = encodeState(this.#options.state());
    this.#costMs = this.#options.timers.now() - started;
    const digest = hash('sha1', text);
    if (digest === this.#last) {
      return;
    }
    const { path } = this.#options;
    const fresh = `${path}.new`;
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    const file = await open(fresh, 'w', 0o600);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    await rename(fresh, path);
    this.#last = digest;
  }
}

/** What a past life left; undefined where there is nothing of use, which is said unless there is simply no file. */
export async function readStateFile(path: string, logger: Logger): Promise<AgentState | undefined> {
  try {
    return decodeState(await readFile(path, 'utf8'));
  } catch (error) {
    if (error instanceof StateFileError || (error as NodeJS.ErrnoException).code !== 'ENOENT') {
      logger.warn(`The state file ${path} is not used`, { error });
    }
    return undefined;
  }
}
