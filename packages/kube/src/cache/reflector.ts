import type { KubeClient } from '../client/kube-client.ts';
import { apiErrorFromStatus } from '../client/status.ts';
import type { ByteStream, Query } from '../client/transport.ts';
import { ApiError, isGone, isInvalid, isNetworkError, isTooLargeResourceVersion, retryAfterMs } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { acceptOf, keyText, resourcePath, type KubeObject, type ResourceType } from '../resources.ts';
import { Backoff } from './backoff.ts';
import { LineSplitter } from './lines.ts';
import { OutageLog } from './outage-log.ts';
import { readList } from './read-list.ts';
import { Doubt, failWhenSilent } from './silence.ts';
import type { Projected, Store } from './store.ts';
import { readChunks } from './watch-stream.ts';

export interface ReflectorOptions<T extends KubeObject, P extends Projected> {
  readonly client: KubeClient;
  readonly type: ResourceType<T>;
  /**
   * Keeps what is needed of an object, so that nothing else stays in memory; undefined for objects that do not matter.
   * Its `key` is `keyText(metadata)`.
   */
  readonly project: (object: T) => P | undefined;
  /** Written by this reflector alone. */
  readonly store: Pick<Store<P>, 'get' | 'set' | 'delete' | 'replace'>;
  readonly logger: Logger;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** 0 ≤ x < 1; spreads waits and the ends of watches. Default `Math.random`. */
  readonly random?: () => number;
  /** Called with each failure, before it is waited for. Whoever aborts the signal of `run` there ends the trying. */
  readonly onFailure?: (error: unknown) => void;
}

/** One frame of a watch. */
interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T & { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> } };
}

/** Marks the bookmark after which the store is complete (KEP-3157). */
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';
/** The server ends a watch after 300 to 600 s, so that clients spread over replicas again and not all at once. */
const SHORTEST_WATCH_S = 300;
/** A watch that ends sooner than this without having said anything is a failure, or it would be opened in a tight loop. */
const VERY_SHORT_MS = 1_000;
/** In a list that comes as a stream nothing pauses; only when it is complete can silence be peace. */
const LIST_SILENCE_MS = 15_000;

/**
 * Keeps a store equal to what the API server has: one list, then a watch, again and again. Where the server has it, list
 * and watch are one stream (WatchList); else the list is parsed as it arrives. Cut, silent, expired and refused watches
 * are taken up again where they stopped, or listed anew where that is not possible; the store always serves the last
 * state known.
 */
export class Reflector<T extends KubeObject, P extends Projected> {
  readonly #options: ReflectorOptions<T, P>;
  readonly #random: () => number;
  readonly #path: string;
  readonly #backoff: Backoff;
  readonly #outage: OutageLog;
  readonly #doubt: Doubt;
  readonly #firstSync = Promise.withResolvers<void>();
  /** The list and watch that are under way, or the wait for the next. */
  #turn = new AbortController();
  /** Wanted by {@link refresh}, until a list is complete that was begun after it. */
  #fresh: PromiseWithResolvers<void> | undefined;
  #hasSynced = false;
  #lastContact: number | undefined;
  /** Up to where the store is current; undefined: it must be listed. */
  #version: string | undefined;
  /** Older than this no list may be: a second API server can be behind the one that was asked before. */
  #listNotBefore: string | undefined = '0';
  #watchListServed = true;

  constructor(options: ReflectorOptions<T, P>) {
    const { client, type, namespace, logger, random = Math.random } = options;
    this.#options = options;
    this.#random = random;
    this.#path = resourcePath(type, namespace === undefined ? {} : { namespace });
    this.#backoff = new Backoff({ health: client.health, random });
    this.#outage = new OutageLog({ logger, subject: `watch of ${type.plural}`, now: monotonic });
    this.#doubt = new Doubt({ health: client.health, random, now: monotonic });
  }

  /** Resolves when the store is complete for the first time. */
  get synced(): Promise<void> {
    return this.#firstSync.promise;
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Why nothing can be read now; undefined while that works, or has not been tried. */
  get failure(): unknown {
    return this.#outage.error;
  }

  /**
   * When the server was last heard on this watch, in milliseconds of `performance.now()`; undefined before the first time.
   * A quiet watch hears a bookmark every 60 s.
   */
  get lastContact(): number | undefined {
    return this.#lastContact;
  }

  /** Runs until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const turn = new AbortController();
      const end = (): void => turn.abort(signal.reason);
      this.#turn = turn;
      signal.addEventListener('abort', end, { once: true });
      await this.#follow(turn);
      signal.removeEventListener('abort', end);
    }
  }

  /**
   * Reads everything anew over a new connection, past whatever is under way: what is watched now may come late, or over a
   * connection that has long been dead. Resolves when the store is at least as new as the API server's storage was at the time of the call,
   * however long that takes; stays pending when {@link run} ends before.
   */
  refresh(): Promise<void> {
    this.#fresh ??= Promise.withResolvers<void>();
    this.#version = undefined;
    this.#listNotBefore = undefined; // the newest there is: a consistent read
    this.#options.client.transport.renewConnections();
    this.#turn.abort(new Error('read anew'));
    return this.#fresh.promise;
  }

  /** Lists where that has to be, and watches, until that ends; what goes wrong is waited for. Never rejects. */
  async #follow(turn: AbortController): Promise<void> {
    const { signal } = turn;
    try {
      if (this.#version === undefined && !this.#watchListServed) {
        await this.#list(signal);
      }
      await this.#watch(turn);
    } catch (error) {
      if (!signal.aborted) {
        await this.#recover(error, signal);
      }
    }
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    if (this.#version === undefined && this.#watchListServed && isInvalid(error)) {
      this.#options.logger.debug('The server has no WatchList; listing instead', { resource: this.#path });
      this.#watchListServed = false;
      return;
    }
    if (isGone(error) || isTooLargeResourceVersion(error)) {
      this.#listNotBefore = isGone(error) ? (this.#version ?? this.#listNotBefore) : undefined;
      if (this.#version === undefined) {
        this.#listNotBefore = undefined; // the list itself was refused: ask for whatever is newest
      }
      this.#version = undefined;
    }
    this.#outage.failed(error);
    this.#options.onFailure?.(error);
    await this.#backoff.failed(signal, { answered: !isNetworkError(error), atLeastMs: retryAfterMs(error) });
  }

  #selectors(): Query {
    const { labelSelector, fieldSelector } = this.#options;
    return { labelSelector, fieldSelector };
  }

  async #list(signal: AbortSignal): Promise<void> {
    const from = this.#listNotBefore;
    const query = {
      ...this.#selectors(),
      resourceVersion: from,
      resourceVersionMatch: from === undefined ? undefined : 'NotOlderThan',
    };
    const { client, type } = this.#options;
    const accept = acceptOf(type, 'list');
    const body = await client.transport.open({ path: this.#path, query, accept, pool: 'calls', signal });
    const objects = new Map<string, P>();
    const collect = (object: T): void => this.#collect(objects, object);
    const version = await this.#read(signal, () => readList(body, type, collect, signal));
    signal.throwIfAborted(); // perhaps since the last chunk came
    this.#complete(objects, version);
  }

  async #watch(turn: AbortController): Promise<void> {
    const { signal } = turn;
    const { client, type } = this.#options;
    const query = {
      ...this.#selectors(),
      watch: 1,
      allowWatchBookmarks: true,
      timeoutSeconds: Math.floor(SHORTEST_WATCH_S * (1 + this.#random())),
      resourceVersion: this.#version,
      ...(this.#version === undefined ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' } : {}),
    };
    const session: Session<P> = {
      initial: this.#version === undefined ? new Map() : undefined,
      startedAt: performance.now(),
      events: 0,
    };
    // Frames of a watch are single objects, those of a WatchList too.
    const accept = acceptOf(type, 'object');
    const body = await client.transport.open({ path: this.#path, query, accept, pool: 'watches', signal });
    await this.#read(signal, () => this.#readFrames(body, session, turn));
    if (
      session.initial !== undefined ||
      (session.events === 0 && performance.now() - session.startedAt < VERY_SHORT_MS)
    ) {
      throw new Error('the watch ended before it had begun');
    }
  }

  async #readFrames(body: ByteStream, session: Session<P>, turn: AbortController): Promise<void> {
    const lines = new LineSplitter();
    const onLine = (line: string): void => this.#onEvent(session, JSON.parse(line) as WatchEvent<T>);
    let filling = session.initial === undefined ? undefined : failWhenSilent(body, LIST_SILENCE_MS);
    const onChunk = (chunk: Buffer): void => {
      this.#lastContact = performance.now();
      lines.push(chunk, onLine);
      filling?.heard();
      if (session.initial === undefined) {
        filling?.end();
        filling = undefined;
      }
    };
    this.#lastContact = performance.now();
    const stopDoubting = this.#doubt.lookAfter({
      lastContact: () => this.#lastContact ?? 0,
      reopen: () => turn.abort(new Error('silent since an outage')),
    });
    try {
      await readChunks(body, onChunk, turn.signal);
    } finally {
      filling?.end();
      stopDoubting();
    }
  }

  #onEvent(session: Session<P>, { type, object }: WatchEvent<T>): void {
    if (type === 'ERROR') {
      throw apiErrorFromStatus(`watch ${this.#path}`, object);
    }
    session.events += 1;
    if (session.events === 1 && session.initial === undefined) {
      this.#healthy();
    }
    const version = object.metadata?.resourceVersion;
    if (session.initial !== undefined) {
      if (type === 'BOOKMARK') {
        if (object.metadata?.annotations?.[INITIAL_EVENTS_END] === 'true') {
          const objects = session.initial;
          session.initial = undefined;
          this.#complete(objects, version);
        }
      } else if (type === 'DELETED') {
        session.initial.delete(keyText(object.metadata ?? {}));
      } else {
        this.#collect(session.initial, object);
      }
      return;
    }
    if (type === 'DELETED') {
      this.#options.store.delete(keyText(object.metadata ?? {}));
    } else if (type !== 'BOOKMARK') {
      this.#apply(object);
    }
    this.#version = version ?? this.#version;
  }

  #apply(object: T): void {
    const projected = this.#project(object);
    if (projected === undefined) {
      this.#options.store.delete(keyText(object.metadata ?? {}));
    } else {
      this.#options.store.set(projected);
    }
  }

  #collect(objects: Map<string, P>, object: T): void {
    const projected = this.#project(object);
    if (projected === undefined) {
      objects.delete(keyText(object.metadata ?? {}));
    } else {
      // What has not changed is kept once only, also while an old and a new list are in memory.
      const known = this.#options.store.get(projected.key);
      const same = known?.uid === projected.uid && known.resourceVersion === projected.resourceVersion;
      objects.set(projected.key, same ? known : projected);
    }
  }

  /** One object that cannot be understood must not hide the others, nor vanish: what was known of it stays. */
  #project(object: T): P | undefined {
    try {
      return this.#options.project(object);
    } catch (error) {
      const key = keyText(object.metadata ?? {});
      this.#options.logger.error('A bug: an object could not be read', { resource: this.#path, key, error });
      return this.#options.store.get(key);
    }
  }

  #complete(objects: ReadonlyMap<string, P>, version: string | undefined): void {
    if (version === undefined || version === '') {
      throw new Error('the list has no resourceVersion');
    }
    this.#version = version;
    this.#listNotBefore = version;
    this.#hasSynced = true;
    this.#healthy();
    this.#options.store.replace(objects);
    this.#firstSync.resolve();
    this.#fresh?.resolve();
    this.#fresh = undefined;
  }

  #healthy(): void {
    this.#backoff.succeeded();
    this.#outage.succeeded();
  }

  /** Reads an open body, with its errors turned into ours. */
  async #read<R>(signal: AbortSignal, read: () => Promise<R>): Promise<R> {
    try {
      return await read();
    } catch (error) {
      throw signal.aborted || error instanceof ApiError
        ? error
        : this.#options.client.transport.streamError(this.#path, error);
    }
  }
}

function monotonic(): number {
  return performance.now();
}

/** One watch, from opening to end. */
interface Session<P> {
  /** Objects of a WatchList until it is complete. */
  initial: Map<string, P> | undefined;
  readonly startedAt: number;
  events: number;
}
