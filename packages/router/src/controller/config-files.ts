import { link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../system-error.ts';

/** Thrown where the router's folder cannot be used; the message says what to do. */
export class FolderError extends Error {
  override readonly name = 'FolderError';
  /** The system's error code, such as `EROFS`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** May hold passwords: for its owner and the group of the folder, which the daemon is in. */
const MODE = 0o640;

/** What has become of the configuration file since it was last read or written here. */
export type FileChange = 'same' | 'changed' | 'gone';

/** What to do about an error of the folder, by system error code. */
const CURES: Readonly<Record<string, string>> = {
  ENOENT: 'create it, and let the routing daemon share it',
  EROFS: 'mount it writable',
  ENOSPC: 'free space on it',
  EDQUOT: 'free space on it',
  EACCES: 'give the agent the right to write it',
  EPERM: 'give the agent the right to write it',
};

/**
 * A daemon's configuration in the folder that agent and daemon share: `bird.conf`, or what the daemon calls it, which
 * only ever changes as a whole; `bird.conf.new`, checked before it takes that name; and `bird.conf.last-good`, which the
 * daemon has accepted and which outlives a crash in between.
 */
export class ConfigFiles {
  readonly directory: string;
  readonly #live: string;
  readonly #lastGood: string;
  /** Tells the configuration file of the last reading or writing from any other. */
  #seen: string | undefined;
  /** Where {@link stage} puts text to be checked. */
  readonly candidate: string;

  /**
   * @param directory the folder
   * @param name of the configuration file in it
   */
  constructor(directory: string, name: string) {
    this.directory = directory;
    this.#live = join(directory, name);
    this.#lastGood = join(directory, `${name}.last-good`);
    this.candidate = join(directory, `${name}.new`);
  }

  /** Makes the folder where it is missing. */
  prepare(): Promise<void> {
    return this.#guard(async () => {
      await mkdir(this.directory, { recursive: true });
    });
  }

  /** Text of the configuration file; undefined when there is none. */
  live(): Promise<string | undefined> {
    return this.#guard(async () => {
      // In this order, so that a change in between shows at the next look.
      this.#seen = await identityOf(this.#live);
      return readIfThere(this.#live);
    });
  }

  /** Whether somebody else has changed the configuration file. Costs a look at its inode. */
  change(): Promise<FileChange> {
    return this.#guard(async () => {
      const identity = await identityOf(this.#live);
      if (identity === undefined) {
        return 'gone';
      }
      return identity === this.#seen ? 'same' : 'changed';
    });
  }

  /** The configuration that the daemon accepted last; undefined when there is none. */
  lastGood(): Promise<string | undefined> {
    return this.#guard(() => readIfThere(this.#lastGood));
  }

  /** Writes text to the candidate. */
  stage(text: string): Promise<void> {
    return this.#guard(async () => {
      await rm(this.candidate, { force: true });
      await writeFile(this.candidate, text, { mode: MODE, flush: true });
    });
  }

  /** Gives the candidate the name of the configuration file, in one step. */
  swap(): Promise<void> {
    return this.#guard(async () => {
      const identity = await identityOf(this.candidate);
      await rename(this.candidate, this.#live);
      this.#seen = identity;
    });
  }

  /** Forgets the candidate. */
  discard(): Promise<void> {
    return this.#guard(() => rm(this.candidate, { force: true }));
  }

  /** Remembers the configuration file as accepted by the daemon. */
  confirm(): Promise<void> {
    return this.#guard(async () => {
      await rm(this.#lastGood, { force: true });
      await link(this.#live, this.#lastGood);
    });
  }

  /**
   * Puts the last accepted configuration back.
   * @returns whether there was one
   */
  restore(): Promise<boolean> {
    return this.#guard(async () => {
      const text = await readIfThere(this.#lastGood);
      if (text === undefined) {
        return false;
      }
      await this.stage(text);
      await this.swap();
      return true;
    });
  }

  async #guard<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      const code = systemErrorCode(error);
      if (error instanceof FolderError || code === undefined) {
        throw error;
      }
      const cure = CURES[code] ?? 'look at the disk below it';
      throw new FolderError(code, `the router's folder ${this.directory} cannot be used (${code}); ${cure}`, {
        cause: error,
      });
    }
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

/** Inode, size and time of its last change; undefined where there is no file. A renamed file keeps them. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs].join();
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}
