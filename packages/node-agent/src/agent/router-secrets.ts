import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeClient } from '@fairlead/kube';
import type { SecretData } from '@fairlead/router';
import type { Logger } from '@fairlead/runtime';
import type { Timers } from '../apply/timers.ts';
import { SecretWatch } from '../cluster/secret-watch.ts';

/** So long a change of the Router waits for Secrets of which nothing is known yet; then it goes on without them. */
const PATIENCE_MS = 10_000;
/** In the router's folder, where the configuration of the daemon has the same passwords. */
const MEMORY = 'passwords.last-good';
/** For nobody else than the agent. */
const MODE = 0o600;

export interface RouterSecretsOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly timers: Timers;
  readonly signal: AbortSignal;
  readonly namespace: string;
  /** The key of a Secret that holds a password. */
  readonly key: string;
  /** The router's folder. */
  readonly directory: string;
  /** What is known of a Secret changed, or is waited for no longer. Must not throw. */
  readonly changed: () => void;
}

/**
 * The passwords of a Router: what its Secrets hold now, and what they held when they could be used last. The latter
 * outlives the agent, so that no session ends because an agent is upgraded while a Secret is away.
 */
export class RouterSecrets {
  readonly #options: RouterSecretsOptions;
  readonly #watch: SecretWatch;
  #names = '';
  #askedAt = 0;
  #stopWaiting: (() => void) | undefined;
  #saved = '';
  #saving: Promise<void> = Promise.resolve();

  constructor(options: RouterSecretsOptions) {
    this.#options = options;
    this.#watch = new SecretWatch(options);
  }

  /**
   * The Secrets of these names that can be read; from now on they are watched, and no others.
   * @returns undefined while nothing is known of one of them: `changed` says when to ask again
   */
  read(names: readonly string[]): ReadonlyMap<string, SecretData> | undefined {
    const { timers, changed } = this.#options;
    this.#watch.want(names);
    if (names.join() !== this.#names) {
      this.#names = names.join();
      this.#askedAt = timers.now();
      this.#stopWaiting?.();
      this.#stopWaiting = undefined;
    }
    if (!this.#watch.complete && timers.now() - this.#askedAt < PATIENCE_MS) {
      this.#stopWaiting ??= timers.after(PATIENCE_MS, changed);
      return undefined;
    }
    return new Map(
      names.flatMap((name) => {
        const reading = this.#watch.get(name);
        return reading?.type === 'read' ? [[name, reading.data] as const] : [];
      }),
    );
  }

  /** What the Secrets held when they were used last, in this life or in the one before. */
  remembered(): ReadonlyMap<string, SecretData> {
    try {
      const entries = Object.entries(JSON.parse(readFileSync(this.#path, 'utf8')) as Record<string, unknown>);
      return new Map(
        entries.flatMap(([name, value]) => (typeof value === 'string' ? [[name, { [this.#options.key]: value }]] : [])),
      );
    } catch {
      // There is none before the first password was used.
      return new Map();
    }
  }

  /** These passwords are in use, by Secret. */
  remember(passwords: ReadonlyMap<string, string>): void {
    const encoded = [...passwords].map(([name, text]) => [name, Buffer.from(text).toString('base64')]);
    const text = JSON.stringify(Object.fromEntries(encoded));
    if (text === this.#saved || (passwords.size === 0 && this.#saved === '' && this.remembered().size === 0)) {
      return;
    }
    this.#saved = text;
    this.#saving = this.#saving.then(() => this.#save(text));
  }

  /** Ends all watches. */
  async close(): Promise<void> {
    this.#stopWaiting?.();
    this.#watch.close();
    await this.#saving;
  }

  get #path(): string {
    return join(this.#options.directory, MEMORY);
  }

  async #save(text: string): Promise<void> {
    try {
      await writeFile(`${this.#path}.new`, text, { mode: MODE });
      await rename(`${this.#path}.new`, this.#path);
    } catch (error) {
      // The daemon's configuration cannot be written either, which is said in the status.
      this.#options.logger.debug('passwords of the Router cannot be remembered', { error });
    }
  }
}
