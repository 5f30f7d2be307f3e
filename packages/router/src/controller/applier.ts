import type { ConfigFiles } from './config-files.ts';
import { DaemonError } from './daemon.ts';
import type { CheckResult, ConfigurationFault, DaemonConnection, RoutingDaemon } from './daemon.ts';
import type { RefusedConfiguration } from './status.ts';
import type { WantedText } from './wanted.ts';

/** What came of a step. */
export type ApplyResult =
  | { readonly type: 'done' }
  | { readonly type: 'refused'; readonly fault: RefusedConfiguration }
  | { readonly type: 'failed'; readonly message: string };

export interface ApplierOptions {
  readonly files: ConfigFiles;
  readonly daemon: RoutingDaemon;
}

/**
 * So often a configuration may meet the daemon's end while it is read, before it is taken for the cause: a daemon may be
 * stopped at that very moment, but not time and again.
 */
const MOST_ENDS = 3;

/** The steps that bring a configuration to a daemon. Each leaves its file whole and acceptable, wherever it ends. */
export class Applier {
  readonly #options: ApplierOptions;
  /** What has been refused, so that it is not tried over and over. */
  #refused: { readonly text: string; readonly fault: RefusedConfiguration; readonly forGood: boolean } | undefined;
  /** What the daemon has ended of, as it seems, and how often. */
  #deadly: { readonly text: string; readonly ends: number } | undefined;

  constructor(options: ApplierOptions) {
    this.#options = options;
  }

  /**
   * Makes the text the configuration file, if it is not already and the daemon's check accepts it.
   * @param isRunning whether the daemon answers: it finds nothing at its start that it has just ended of
   * @throws {FolderError}
   */
  async write(
    { text, explain, unseen }: WantedText,
    { isRunning, signal }: { readonly isRunning: boolean; readonly signal: AbortSignal },
  ): Promise<ApplyResult> {
    const { files, daemon } = this.#options;
    if (this.#refused?.text === text) {
      return { type: 'refused', fault: this.#refused.fault };
    }
    if (this.#deadly?.text === text && !isRunning) {
      const message = `${daemon.kind} ended while it read its new configuration; the last good one is in its place until ${daemon.kind} is back`;
      return { type: 'failed', message };
    }
    if ((await files.live()) === text) {
      return { type: 'done' };
    }
    await files.stage(text);
    const checked = await daemon.check(files.candidate, signal);
    const result = checked.type === 'valid' && unseen !== undefined ? invalid(unseen) : checked;
    if (result.type === 'valid') {
      await files.swap();
      return { type: 'done' };
    }
    await files.discard();
    return result.type === 'invalid' ? this.#refuse(text, explain(result.fault)) : result;
  }

  /**
   * Has the daemon read its file. Where it does not accept what the check did, the last accepted one is put back; the
   * daemon goes on with what it ran.
   * @throws {DaemonError} when the daemon goes away meanwhile
   * @throws {FolderError}
   */
  async configure(
    { text, explain }: WantedText,
    connection: DaemonConnection,
    signal: AbortSignal,
  ): Promise<ApplyResult> {
    const { files } = this.#options;
    const result = await connection.configure().catch(async (error: unknown) => {
      if (error instanceof DaemonError && error.code === 'Disconnected' && !signal.aborted) {
        return this.#ended(text, error);
      }
      throw error;
    });
    switch (result.type) {
      case 'accepted':
        await files.confirm();
        this.#deadly = undefined;
        return { type: 'done' };
      case 'invalid':
        if (await files.restore()) {
          await connection.revert();
        }
        return this.#refuse(text, explain(result.fault));
      case 'refused':
      case 'failed':
        return result;
      default:
        return result satisfies never;
    }
  }

  /** Tries again what has been refused: another daemon may accept it. */
  forgetRefusal(): void {
    if (this.#refused?.forGood === false) {
      this.#refused = undefined;
    }
  }

  /** The daemon has ended over a configuration: where there is a last good one it starts with that. */
  async #ended(text: string, error: DaemonError): Promise<Extract<ApplyResult, { type: 'refused' }>> {
    const { files, daemon } = this.#options;
    if (!(await files.restore())) {
      throw error;
    }
    const ends = this.#deadly?.text === text ? this.#deadly.ends + 1 : 1;
    this.#deadly = { text, ends };
    if (ends < MOST_ENDS) {
      throw error;
    }
    const message = `${daemon.kind} ended each of ${ends} times while it read this configuration; look at its log, and change the Router or its templates`;
    return this.#refuse(text, { message, template: undefined }, { forGood: true });
  }

  #refuse(
    text: string,
    fault: RefusedConfiguration,
    { forGood } = { forGood: false },
  ): Extract<ApplyResult, { type: 'refused' }> {
    this.#refused = { text, fault, forGood };
    return { type: 'refused', fault };
  }
}

function invalid(fault: ConfigurationFault): CheckResult {
  return { type: 'invalid', fault };
}
