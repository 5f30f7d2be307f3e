import { isForbidden, isNotFound, keyText, SECRETS, Store } from '@fairlead/kube';
import type { KubeClient, Projected, Secret } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';
import type { Timers } from '../apply/timers.ts';
import { watchInto } from './watch.ts';

/** What is known of a Secret. */
export type SecretReading =
  | {
      readonly type: 'read';
      /** Of its `data` the one key that matters, in Base64; empty where it has none. */
      readonly data: Readonly<Record<string, string>>;
    }
  | { readonly type: 'missing' }
  /** The API server does not let this agent read it. */
  | { readonly type: 'forbidden' };

export interface SecretWatchOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly timers: Timers;
  readonly signal: AbortSignal;
  /** Where all of them are. */
  readonly namespace: string;
  /** The key of `data` that is kept. */
  readonly key: string;
  /** Something is known of a wanted Secret that was not, or is otherwise than it was. Must not throw. */
  readonly changed: () => void;
  /** 0 ≤ x < 1; spreads what all agents would do at once. Default `Math.random`. */
  readonly random?: () => number;
}

/** Each watch is a connection; what is beyond is read once in a while. Most Routers name one or two. */
const WATCHED_AT_MOST = 8;
/** How often the others are read. */
const READ_AGAIN_MS = 60_000;
/** An API server that has just started refuses what it allows a moment later. */
const FORBIDDEN_AFTER_MS = 10_000;
/** What is forbidden stays so until somebody changes a Role, and 5,000 agents ask. */
const FORBIDDEN_AGAIN_MS = 60_000;
/** An answer that did not come is asked for again soon, as long as nothing is known. */
const UNKNOWN_AGAIN_MS = 2_000;
/** More characters of Base64 than any password that can be used. */
const LONGEST_VALUE = 1_024;

/** What may stand in a selector, and nothing that would make it another one. */
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

interface SecretFacts extends Projected {
  readonly data: Readonly<Record<string, string>>;
}

interface Wanted {
  /** Ends its watch and its timers. */
  readonly stop: AbortController;
  readonly watched: boolean;
  reading: SecretReading | undefined;
}

/**
 * The Secrets that a Router names, each watched by its name, so that a Role with `resourceNames` is enough. What is known
 * of one stays known while the API server is away. Nothing else of a Secret is kept in memory than the one key.
 */
export class SecretWatch {
  readonly #options: SecretWatchOptions;
  readonly #wanted = new Map<string, Wanted>();

  constructor(options: SecretWatchOptions) {
    this.#options = options;
  }

  /** Whether something is known of every Secret that is wanted. */
  get complete(): boolean {
    return [...this.#wanted.values()].every(({ reading }) => reading !== undefined);
  }

  /** Number of watches that are open, or are tried to be. */
  get watches(): number {
    return [...this.#wanted.values()].filter(({ watched }) => watched).length;
  }

  /** From now on these are of interest, and no others. */
  want(names: Iterable<string>): void {
    const wanted = new Set(names);
    for (const [name, { stop }] of this.#wanted) {
      if (!wanted.has(name)) {
        stop.abort();
        this.#wanted.delete(name);
      }
    }
    for (const name of wanted) {
      if (!this.#wanted.has(name)) {
        this.#start(name);
      }
    }
  }

  /** What is known of a wanted Secret; undefined: nothing yet, or it is not wanted. */
  get(name: string): SecretReading | undefined {
    return this.#wanted.get(name)?.reading;
  }

  /** Ends all watches. */
  close(): void {
    this.want([]);
  }

  #start(name: string): void {
    if (!NAME.test(name)) {
      // No Secret has such a name, and it is not to become a part of a request.
      this.#wanted.set(name, { stop: new AbortController(), watched: false, reading: { type: 'missing' } });
      return;
    }
    const watched = this.watches < WATCHED_AT_MOST;
    const wanted: Wanted = { stop: new AbortController(), watched, reading: undefined };
    this.#wanted.set(name, wanted);
    if (watched) {
      this.#watch(name, wanted);
    } else {
      void this.#read(name, wanted);
    }
  }

  #watch(name: string, wanted: Wanted): void {
    const { client, logger, namespace, timers, key } = this.#options;
    const turn = new AbortController();
    const store = new Store<SecretFacts>();
    let forbiddenSince: number | undefined;
    store.subscribe(() => {
      forbiddenSince = undefined;
      const [found] = store.list();
      this.#learn(name, wanted, found === undefined ? { type: 'missing' } : { type: 'read', data: found.data });
    });
    watchInto(store, {
      client,
      type: SECRETS,
      namespace,
      fieldSelector: `metadata.name=${name}`,
      project: (secret) => factsOf(secret, key),
      logger,
      signal: AbortSignal.any([this.#signalOf(wanted), turn.signal]),
      onFailure: (error) => {
        if (!isForbidden(error)) {
          return;
        }
        forbiddenSince ??= timers.now();
        const isKnown = wanted.reading?.type === 'forbidden';
        if (isKnown || timers.now() - forbiddenSince >= FORBIDDEN_AFTER_MS) {
          turn.abort();
          this.#forbid(name, wanted);
          this.#after(wanted, FORBIDDEN_AGAIN_MS, () => this.#watch(name, wanted));
        }
      },
    });
  }

  async #read(name: string, wanted: Wanted): Promise<void> {
    const { client, namespace, key, logger } = this.#options;
    const signal = this.#signalOf(wanted);
    try {
      const secret = await client.get(SECRETS, { namespace, name }, { signal });
      this.#learn(name, wanted, { type: 'read', data: factsOf(secret, key).data });
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (isNotFound(error)) {
        this.#learn(name, wanted, { type: 'missing' });
      } else if (isForbidden(error)) {
        this.#forbid(name, wanted);
      } else {
        logger.debug('A Secret of the Router cannot be read now', { secret: name, error });
      }
    }
    this.#after(wanted, wanted.reading === undefined ? UNKNOWN_AGAIN_MS : READ_AGAIN_MS, () => {
      void this.#read(name, wanted);
    });
  }

  #forbid(name: string, wanted: Wanted): void {
    if (wanted.reading?.type !== 'forbidden') {
      this.#options.logger.warn('A Secret of the Router may not be read; name it in router.secretNames of the chart', {
        secret: name,
        namespace: this.#options.namespace,
      });
    }
    this.#learn(name, wanted, { type: 'forbidden' });
  }

  #learn(name: string, wanted: Wanted, reading: SecretReading): void {
    if (this.#wanted.get(name) !== wanted || isSame(wanted.reading, reading)) {
      return;
    }
    wanted.reading = reading;
    this.#options.changed();
  }

  /** Calls back after so long, up to half more, unless it is no longer wanted then. */
  #after(wanted: Wanted, milliseconds: number, callback: () => void): void {
    const { timers, random = Math.random } = this.#options;
    const signal = this.#signalOf(wanted);
    if (signal.aborted) {
      return;
    }
    const cancel = timers.after(milliseconds * (1 + random() / 2), () => {
      if (!signal.aborted) {
        callback();
      }
    });
    wanted.stop.signal.addEventListener('abort', cancel, { once: true });
  }

  #signalOf({ stop }: Wanted): AbortSignal {
    return AbortSignal.any([this.#options.signal, stop.signal]);
  }
}

function factsOf({ metadata = {}, data }: Secret, key: string): SecretFacts {
  const { uid = '', resourceVersion = '' } = metadata;
  const value = data?.[key];
  return {
    key: keyText(metadata),
    uid,
    resourceVersion,
    data: value === undefined ? {} : { [key]: value.slice(0, LONGEST_VALUE) },
  };
}

function isSame(one: SecretReading | undefined, other: SecretReading): boolean {
  return one?.type === other.type && JSON.stringify(one) === JSON.stringify(other);
}
