import type { ConfigFiles } from './config-files.ts';
import type { DaemonConnection, RoutingDaemon } from './daemon.ts';
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

/** The steps that bring a configuration to a daemon. Each leaves its file whole and acceptable, wherever it ends. */
export class Applier {
  readonly #options: ApplierOptions;
  /** What has been refused, so that it is not tried over and over. */
  #refused: { readonly text: string; readonly fault: RefusedConfiguration } | undefined;

  constructor(options: ApplierOptions) {
    this.#options = options;
  }

  /**
   * Makes the text the configuration file, if it is not already and the daemon's check accepts it.
   * @throws {FolderError}
   */
  async write({ text, explain }: WantedText, signal: AbortSignal): Promise<ApplyResult> {
    const { files, daemon } = this.#options;
    if (this.#refused?.text === text) {
      return { type: 'refused', fault: this.#refused.fault };
    }
    if ((await files.live()) === text) {
      return { type: 'done' };
    }
    await files.stage(text);
    const result = await daemon.check(files.candidate, signal);
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
  async configure({ text, explain }: WantedText, connection: DaemonConnection): Promise<ApplyResult> {
    const { files } = this.#options;
    const result = await connection.configure();
    switch (result.type) {
      case 'accepted':
        await files.confirm();
        return { type: 'done' };
      case 'invalid':
        if (await files.restore()) {
          await connection.revert();
        }
        return this.#refuse(text, explain(result.fault));
      case 'failed':
        return result;
      default:
        return result satisfies never;
    }
  }

  /** Tries again what has been refused: another daemon may accept it. */
  forgetRefusal(): void {
    this.#refused = undefined;
  }

  #refuse(text: string, fault: RefusedConfiguration): ApplyResult {
    this.#refused = { text, fault };
    return { type: 'refused', fault };
  }
}
