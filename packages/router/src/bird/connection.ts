import type { ConfigureResult, DaemonConnection, ObservedSession } from '../controller/daemon.ts';
import type { RouterView } from '../view/view.ts';
import { parseFault } from './check.ts';
import type { ControlConnection } from './client.ts';
import { REPLY_CODES, replyText } from './replies.ts';
import { observedSessions, parseProtocols } from './sessions.ts';

/** A running BIRD. */
export class BirdConnection implements DaemonConnection {
  readonly #control: ControlConnection;

  constructor(control: ControlConnection) {
    this.#control = control;
  }

  get isOpen(): boolean {
    return this.#control.isOpen;
  }

  /** @throws {ControlError} */
  async configure(): Promise<ConfigureResult> {
    const reply = await this.#control.command('configure');
    switch (reply.code) {
      case REPLY_CODES.reconfigured:
      case REPLY_CODES.reconfiguring:
      case REPLY_CODES.queued:
        return { type: 'accepted' };
      case REPLY_CODES.configurationError:
        return { type: 'invalid', fault: parseFault(reply.lines.at(-1)?.text ?? '') };
      default:
        return { type: 'failed', message: `BIRD does not take its configuration: ${replyText(reply)} (${reply.code})` };
    }
  }

  /** BIRD takes a configuration as a whole or not at all. */
  async revert(): Promise<void> {}

  /** @throws {ControlError} */
  async observe(view: RouterView | undefined): Promise<readonly ObservedSession[]> {
    return observedSessions(parseProtocols(await this.#control.command('show protocols all')), view);
  }

  close(): void {
    this.#control.close();
  }
}
