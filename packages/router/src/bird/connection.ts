import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ConfigureResult, DaemonConnection, ObservedSession } from '../controller/daemon.ts';
import type { RouterView } from '../view/view.ts';
import { parseBfdStates, usesBfd, withBfd } from './bfd.ts';
import { parseFault } from './check.ts';
import { connectControl, ControlError } from './client.ts';
import type { ControlConnection, ControlOptions } from './client.ts';
import { farewell } from './farewell.ts';
import { REPLY_CODES, replyText } from './replies.ts';
import type { Reply } from './replies.ts';
import { withNeighbors } from './interior.ts';
import { observedSessions, parseProtocols, parseStart } from './sessions.ts';
import { unnumberedSessions } from './unnumbered.ts';

/**
 * Seconds in which a configuration has to be confirmed, else BIRD goes back to the one before. Ample for an agent that
 * is restarted in between, as its next life has BIRD read the file anew.
 */
const CONFIRM_WITHIN_S = 30;
/** Milliseconds for BIRD to read its file and stop what is to be stopped. */
const CONFIGURE_TIMEOUT_MS = 10_000;

/** May hold passwords: for its owner and the group of the folder, which BIRD is in. */
const LEAVING_MODE = 0o640;

/** A running BIRD. */
export class BirdConnection implements DaemonConnection {
  readonly version: string | undefined;
  readonly startedAt: Date | undefined;
  readonly #control: ControlConnection;
  /** Where a configuration stands for the while in which protocols take leave. */
  readonly #leaving: string;
  /** Whether BIRD runs such a configuration. */
  #hasLeft = false;

  private constructor(control: ControlConnection, startedAt: Date | undefined, directory: string) {
    this.#control = control;
    this.#leaving = join(directory, 'bird.conf.leaving');
    this.version = /^BIRD (\S+)/.exec(control.greeting)?.[1];
    this.startedAt = startedAt;
  }

  /**
   * Connects to a control socket and asks since when BIRD runs.
   * @throws {ControlError}
   */
  static async open(options: ControlOptions): Promise<BirdConnection> {
    const control = await connectControl(options);
    return new BirdConnection(control, parseStart(await control.command('show status')), dirname(options.path));
  }

  get isOpen(): boolean {
    return this.#control.isOpen;
  }

  /**
   * Has BIRD read its file for a time, asks whether it lives with it, and tells it to stay. Whatever goes wrong in
   * between, BIRD is back by itself where it was.
   * @throws {ControlError}
   */
  async configure(): Promise<ConfigureResult> {
    const reply = await this.#control.command(`configure timeout ${CONFIRM_WITHIN_S}`, CONFIGURE_TIMEOUT_MS);
    switch (reply.code) {
      case REPLY_CODES.reconfigured:
      case REPLY_CODES.reconfiguring:
      case REPLY_CODES.queued:
        return this.#confirm();
      case REPLY_CODES.configurationError:
        return faultOf(reply.lines.at(-1)?.text ?? '');
      default:
        return { type: 'failed', message: refusal(reply) };
    }
  }

  /** @throws {ControlError} */
  async takeLeave({
    running,
    wanted,
    signal,
  }: Parameters<NonNullable<DaemonConnection['takeLeave']>>[0]): Promise<void> {
    const leave = farewell(running, wanted);
    if (leave === undefined) {
      return;
    }
    try {
      await writeFile(this.#leaving, leave.text, { mode: LEAVING_MODE });
      const { code } = await this.#control.command(`configure "${this.#leaving}"`, CONFIGURE_TIMEOUT_MS);
      this.#hasLeft = code === REPLY_CODES.reconfigured || code === REPLY_CODES.reconfiguring;
      if (this.#hasLeft) {
        await delay(leave.waitMs, undefined, { signal });
      }
    } catch (error) {
      if (error instanceof ControlError) {
        throw error;
      }
      // The folder is full or read-only, or the agent ends: neighbors then wait for their timeout.
    } finally {
      await rm(this.#leaving, { force: true }).catch(() => undefined);
    }
  }

  /**
   * BIRD takes a configuration as a whole or not at all; but it goes back to what it ran before, in which protocols may
   * have fallen silent already.
   */
  async revert(): Promise<void> {
    if (this.#hasLeft) {
      await this.configure();
    }
  }

  /** @throws {ControlError} */
  async observe(view: RouterView | undefined): Promise<readonly ObservedSession[]> {
    const protocols = parseProtocols(await this.#control.command('show protocols all'));
    const sessions = unnumberedSessions(observedSessions(protocols, view), view);
    const all = await withNeighbors(sessions, view, (command) => this.#control.command(command));
    return usesBfd(view)
      ? withBfd(all, view, {
          states: parseBfdStates(await this.#control.command('show bfd sessions')),
          now: Date.now(),
        })
      : all;
  }

  close(): void {
    this.#control.close();
  }

  async #confirm(): Promise<ConfigureResult> {
    // Protocols start in turns of BIRD's loop that come before this answer: one that brings BIRD down has done so by then.
    await this.#control.command('show status', CONFIGURE_TIMEOUT_MS);
    const reply = await this.#control.command('configure confirm');
    switch (reply.code) {
      case REPLY_CODES.confirmed:
        this.#hasLeft = false;
        return { type: 'accepted' };
      case REPLY_CODES.nothingToDo:
        return {
          type: 'failed',
          message: `BIRD took more than ${CONFIRM_WITHIN_S} s to start with its new configuration and went back to the one before`,
        };
      default:
        return { type: 'failed', message: refusal(reply) };
    }
  }
}

/** A file that BIRD cannot read says nothing about what is in it. */
function faultOf(text: string): ConfigureResult {
  const fault = parseFault(text);
  return fault.line === undefined && /No such file|Permission denied|Unable to open/i.test(fault.message)
    ? {
        type: 'failed',
        message: `BIRD cannot read its configuration (${fault.message}); it and the agent must share one folder, and BIRD's user be in the group of its files`,
      }
    : { type: 'invalid', fault };
}

/** Why BIRD does not do as it is told, for people. */
function refusal(reply: Reply): string {
  switch (reply.code) {
    case REPLY_CODES.accessDenied:
    case REPLY_CODES.restricted:
      return 'BIRD lets nobody configure it over its control socket; take `restrict` out of its configuration';
    case REPLY_CODES.shuttingDown:
      return 'BIRD is shutting down';
    default:
      return `BIRD does not take its configuration: ${replyText(reply)} (${reply.code})`;
  }
}
