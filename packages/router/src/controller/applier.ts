import { checkConfiguration, parseFault } from '../bird/check.ts';
import type { ControlConnection } from '../bird/client.ts';
import { REPLY_CODES, replyText } from '../bird/replies.ts';
import type { ConfigFiles } from './config-files.ts';
import type { RefusedConfiguration } from './status.ts';
import type { WantedText } from './wanted.ts';

/** What came of a step. */
export type ApplyResult =
  | { readonly type: 'done' }
  | { readonly type: 'refused'; readonly fault: RefusedConfiguration }
  | { readonly type: 'failed'; readonly message: string };

export interface ApplierOptions {
  readonly files: ConfigFiles;
  readonly birdPath: string;
  /** Milliseconds for `bird -p`. */
  readonly checkTimeoutMs: number;
}

/** The steps that bring a configuration to BIRD. Each leaves bird.conf whole and acceptable, wherever it ends. */
export class Applier {
  readonly #options: ApplierOptions;
  /** What has been refused, so that it is not tried over and over. */
  #refused: { readonly text: string; readonly fault: RefusedConfiguration } | undefined;

  constructor(options: ApplierOptions) {
    this.#options = options;
  }

  /**
   * Makes the text bird.conf, if it is not already and BIRD's check accepts it.
   * @throws {FolderError}
   */
  async write({ text, explain }: WantedText, signal: AbortSignal): Promise<ApplyResult> {
    const { files, birdPath, checkTimeoutMs } = this.#options;
    if (this.#refused?.text === text) {
      return { type: 'refused', fault: this.#refused.fault };
    }
    if ((await files.live()) === text) {
      return { type: 'done' };
    }
    await files.stage(text);
    const result = await checkConfiguration({ birdPath, path: files.candidate, timeoutMs: checkTimeoutMs, signal });
    if (result.type === 'valid') {
      await files.swap();
      return { type: 'done' };
    }
    await files.discard();
    return result.type === 'invalid' ? this.#refuse(text, explain(result.fault)) : result;
  }

  /**
   * Has BIRD read bird.conf. Where BIRD does not accept what the check did, the last accepted one is put back: BIRD
   * itself goes on with what it runs.
   * @throws {ControlError} when BIRD goes away meanwhile
   * @throws {FolderError}
   */
  async configure({ text, explain }: WantedText, connection: ControlConnection): Promise<ApplyResult> {
    const { files } = this.#options;
    const reply = await connection.command('configure');
    switch (reply.code) {
      case REPLY_CODES.reconfigured:
      case REPLY_CODES.reconfiguring:
      case REPLY_CODES.queued:
        await files.confirm();
        return { type: 'done' };
      case REPLY_CODES.configurationError:
        await files.restore();
        return this.#refuse(text, explain(parseFault(reply.lines.at(-1)?.text ?? '')));
      default:
        return { type: 'failed', message: `BIRD does not take its configuration: ${replyText(reply)} (${reply.code})` };
    }
  }

  /** Tries again what has been refused: another BIRD may accept it. */
  forgetRefusal(): void {
    this.#refused = undefined;
  }

  #refuse(text: string, fault: RefusedConfiguration): ApplyResult {
    this.#refused = { text, fault };
    return { type: 'refused', fault };
  }
}
