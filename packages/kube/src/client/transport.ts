import type { Dispatcher } from 'undici';
import type { Connection, ConnectionManager } from '../connection/connection.ts';
import { request } from '../connection/undici.ts';
import { ApiError, isSilence, KubeConfigError, NetworkError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { ApiHealth } from './api-health.ts';
import { Courtesy } from './courtesy.ts';
import { withDeadline } from './deadline.ts';
import { punctual } from './punctual.ts';
import { apiErrorFromResponse } from './status.ts';

/** Query parameters; undefined ones are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface CallOptions {
  /** Milliseconds for the whole call, from connecting to the last byte. Default 10,000. */
  readonly timeoutMs?: number;
  /** `low`: lets other calls of this client go first, for a while. Default `normal`. */
  readonly priority?: 'normal' | 'low';
  readonly signal?: AbortSignal;
}

export interface Call extends CallOptions {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root of the API server: `/api/v1/…`. */
  readonly path: string;
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly contentType?: string;
  /** Which form of the answer is wanted. Default `application/json`. */
  readonly accept?: string;
}

/** A body that arrives piece by piece. It ends, or fails, when the signal that opened it aborts. */
export type ByteStream = Dispatcher.ResponseData['body'];

export interface TransportOptions {
  readonly connections: ConnectionManager;
  readonly health: ApiHealth;
  readonly logger: Logger;
  readonly userAgent: string;
}

/** A server's address in the parts that a request needs. */
interface Target {
  readonly server: string;
  readonly origin: string;
  /** Before each path; empty for most. */
  readonly basePath: string;
}

const DEFAULT_TIMEOUT_MS = 10_000;
/** Different warnings that are remembered so that each is logged once. */
const REMEMBERED_WARNINGS = 100;

/** Requests in the words of HTTP: JSON in, JSON out, refusals as {@link ApiError}, silence as {@link NetworkError}. */
export class Transport {
  readonly #connections: ConnectionManager;
  readonly #health: ApiHealth;
  readonly #logger: Logger;
  readonly #userAgent: string;
  readonly #warnings = new Set<string>();
  /** Of the last request, because to read a URL takes a thirtieth of all that a request takes. */
  #target: Target | undefined;
  /** Calls of normal priority that are under way. */
  readonly #courtesy = new Courtesy();

  constructor({ connections, health, logger, userAgent }: TransportOptions) {
    this.#connections = connections;
    this.#health = health;
    this.#logger = logger;
    this.#userAgent = userAgent;
  }

  /** One call; resolves with the parsed body. */
  async call(call: Call): Promise<unknown> {
    const name = `${call.method} ${call.path}`;
    const ended = call.priority === 'low' ? await this.#courtesy.letOthersGo() : this.#courtesy.begin();
    const timeoutMs = call.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const begun = performance.now();
    const latest = begun + timeoutMs;
    try {
      return await withDeadline(timeoutMs, call.signal, async (signal) => {
        try {
          const response = await this.#send(call, 'calls', signal, latest);
          return JSON.parse(await response.body.text()) as unknown;
        } catch (error) {
          throw this.#distrustAfter(begun, this.#classify(name, error, signal, call.signal));
        }
      });
    } finally {
      ended();
    }
  }

  /**
   * Opens a body that is read as it arrives: a watch, or a list too long to hold. Only the wait for its head has a time
   * limit here (the pools' 15 s), and silence in a watch (90 s); the signal ends it.
   */
  async open(options: {
    readonly path: string;
    readonly query: Query;
    readonly accept: string;
    readonly pool: 'calls' | 'watches';
    readonly signal: AbortSignal;
  }): Promise<ByteStream> {
    const begun = performance.now();
    try {
      const response = await this.#send({ method: 'GET', ...options }, options.pool, options.signal);
      return response.body;
    } catch (error) {
      throw this.#distrustAfter(begun, this.#classify(`GET ${options.path}`, error, options.signal, options.signal));
    }
  }

  /** The next requests open connections of their own: those that are open may be dead. What is under way goes on. */
  renewConnections(): void {
    this.#connections.distrust(performance.now());
  }

  /** What to make of an error while an open body is read. */
  streamError(path: string, error: unknown): Error {
    return this.#classify(`GET ${path}`, error, undefined, undefined);
  }

  async #send(
    call: Call,
    pool: 'calls' | 'watches',
    signal: AbortSignal,
    latest = Number.POSITIVE_INFINITY,
  ): Promise<Dispatcher.ResponseData> {
    const connection = await this.#connections.get();
    const response = await this.#request(connection, call, { pool, signal, latest });
    if (response.statusCode !== 401) {
      return await this.#accept(call, response);
    }
    await response.body.dump();
    const renewed = await this.#connections.replace(connection);
    return await this.#accept(call, await this.#request(renewed, call, { pool, signal, latest }));
  }

  async #request(
    { settings, pools }: Connection,
    call: Call,
    { pool, signal, latest }: { pool: 'calls' | 'watches'; signal: AbortSignal; latest: number },
  ): Promise<Dispatcher.ResponseData> {
    const { origin, basePath } = this.#targetOf(settings.server);
    const headers: Record<string, string> = {
      ...settings.headers,
      accept: call.accept ?? 'application/json',
      'user-agent': this.#userAgent,
    };
    if (call.body !== undefined) {
      headers['content-type'] = call.contentType ?? 'application/json';
    }
    return await request(punctual(pools[pool], latest, monotonic), {
      origin,
      path: `${basePath}${call.path}${queryText(call.query)}`,
      method: call.method,
      headers,
      signal,
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
  }

  #targetOf(server: string): Target {
    if (this.#target?.server !== server) {
      const { origin, pathname } = new URL(server);
      this.#target = { server, origin, basePath: pathname.replace(/\/+$/, '') };
    }
    return this.#target;
  }

  async #accept(call: Call, response: Dispatcher.ResponseData): Promise<Dispatcher.ResponseData> {
    this.#noteWarnings(response.headers['warning']);
    if (response.statusCode < 300) {
      this.#health.reportSuccess();
      return response;
    }
    const retryAfter = response.headers['retry-after'];
    throw apiErrorFromResponse(
      `${call.method} ${call.path}`,
      response.statusCode,
      await response.body.text(),
      typeof retryAfter === 'string' ? retryAfter : undefined,
    );
  }

  /** Turns whatever was thrown into one of our errors, and tells the shared health about it. */
  #classify(name: string, error: unknown, inner: AbortSignal | undefined, outer: AbortSignal | undefined): Error {
    if (outer?.aborted === true) {
      return outer.reason instanceof Error ? outer.reason : new Error('aborted', { cause: outer.reason });
    }
    if (error instanceof ApiError) {
      // A server that is starting, stopping or shedding load is as good as away; any other refusal proves it alive.
      if (error.status >= 500 || error.status === 429) {
        this.#health.reportFailure();
      } else {
        this.#health.reportSuccess();
      }
      return error;
    }
    if (error instanceof KubeConfigError || error instanceof NetworkError) {
      return error;
    }
    const failure = new NetworkError(name, inner?.aborted === true ? inner.reason : error);
    this.#health.reportFailure({ silent: isSilence(failure) });
    return failure;
  }

  /** Where one connection was silent, the idle ones beside it may be dead too, and each would cost a time limit. */
  #distrustAfter(begun: number, error: Error): Error {
    if (isSilence(error)) {
      this.#connections.distrust(begun);
    }
    return error;
  }

  /** Deprecations and the like (RFC 7234 `299 - "text"`); once each, for developers. */
  #noteWarnings(header: string | string[] | undefined): void {
    for (const warning of header === undefined ? [] : [header].flat()) {
      if (!this.#warnings.has(warning) && this.#warnings.size < REMEMBERED_WARNINGS) {
        this.#warnings.add(warning);
        this.#logger.debug('The API server warns', { warning });
      }
    }
  }
}

function monotonic(): number {
  return performance.now();
}

function queryText(query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) {
      parameters.set(key, String(value));
    }
  }
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}
