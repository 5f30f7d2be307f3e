import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Access } from './kubeconfig.ts';

/** A Kubernetes object as it comes over the wire; tests say what they know of it. */
export interface KubernetesObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
  };
}

/** A Service, as far as the lab looks at one. */
export interface ServiceObject extends KubernetesObject {
  readonly spec?: {
    readonly type?: string;
    readonly ports?: readonly { readonly port: number; readonly protocol?: string }[];
  };
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly ipMode?: string }[] };
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
  };
}

/** One line of a watch. */
export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: T;
}

/** Thrown when the API server answers with another status than 2xx. */
export class ApiStatusError extends Error {
  readonly code = 'LAB_API';
  readonly status: number;
  readonly reason: string;
  constructor(what: string, status: number, body: string) {
    const parsed = parseStatus(body);
    super(`${what}: ${status} ${parsed.message}`);
    this.name = 'ApiStatusError';
    this.status = status;
    this.reason = parsed.reason;
  }
}

function parseStatus(body: string): { reason: string; message: string } {
  try {
    const { reason = '', message = body } = JSON.parse(body) as { reason?: string; message?: string };
    return { reason, message };
  } catch {
    return { reason: '', message: body };
  }
}

const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
} as const;

/**
 * The lab's own way to the API server: paths and JSON. It shares no code with the product's client, so that a fault
 * of that one cannot hide itself.
 */
export class LabApi implements AsyncDisposable {
  readonly #access: Access;
  readonly #agent: Agent;

  constructor(access: Access) {
    this.#access = access;
    this.#agent = new Agent({ connect: { ca: access.caCertificate }, headersTimeout: 30_000, bodyTimeout: 0 });
  }

  /** GET of a path such as `/api/v1/namespaces/default/services/web`. @throws {ApiStatusError} */
  async get<T>(path: string): Promise<T> {
    return this.#json<T>('GET', path);
  }

  /** POST to a collection. @throws {ApiStatusError} */
  async create<T>(path: string, object: unknown): Promise<T> {
    return this.#json<T>('POST', path, object);
  }

  /** PUT. @throws {ApiStatusError} */
  async replace<T>(path: string, object: unknown): Promise<T> {
    return this.#json<T>('PUT', path, object);
  }

  /** PATCH, by default a JSON merge patch. @throws {ApiStatusError} */
  async patch<T>(path: string, patch: unknown, type: keyof typeof PATCH_TYPES = 'merge'): Promise<T> {
    return this.#json<T>('PATCH', path, patch, PATCH_TYPES[type]);
  }

  /** DELETE. @throws {ApiStatusError} */
  async delete(path: string, options: { gracePeriodSeconds?: number } = {}): Promise<void> {
    await this.#json('DELETE', path, { apiVersion: 'v1', kind: 'DeleteOptions', ...options });
  }

  /** The answer's body as text, for `/readyz` and `/metrics`. @throws {ApiStatusError} */
  async text(path: string): Promise<string> {
    return this.#text('GET', path);
  }

  /**
   * Events of a collection, from now on or from the resource version given; without one, the objects that are there come
   * first as `ADDED`. Ends when the server ends it (after about 30 minutes) or with the signal (by its reason thrown).
   */
  async *watch<T>(
    path: string,
    options: { signal: AbortSignal; resourceVersion?: string; fieldSelector?: string },
  ): AsyncGenerator<WatchEvent<T>, void> {
    const query = new URLSearchParams({ watch: '1' });
    if (options.resourceVersion !== undefined) query.set('resourceVersion', options.resourceVersion);
    if (options.fieldSelector !== undefined) query.set('fieldSelector', options.fieldSelector);
    const { statusCode, body } = await request(`${this.#access.server}${path}?${query.toString()}`, {
      dispatcher: this.#agent,
      headers: this.#headers(),
      signal: options.signal,
    });
    if (statusCode !== 200) throw new ApiStatusError(`WATCH ${path}`, statusCode, await body.text());
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of body) {
      rest += decoder.decode(chunk as Uint8Array, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const event = JSON.parse(line) as
          WatchEvent<T> | { readonly type: 'ERROR'; readonly object: { readonly code?: number } };
        if (event.type === 'ERROR')
          throw new ApiStatusError(`WATCH ${path}`, event.object.code ?? 500, JSON.stringify(event.object));
        yield event;
      }
    }
  }

  /**
   * Waits until an object of the collection fulfils the condition, by watching.
   * @param timeoutMs default 10 s
   * @throws {Error} with the last state seen, when the time is over
   */
  async until<T extends KubernetesObject>(
    path: string,
    condition: (object: T, type: WatchEvent<T>['type']) => boolean,
    options: { timeoutMs?: number; fieldSelector?: string } = {},
  ): Promise<T> {
    const { timeoutMs = 10_000, fieldSelector } = options;
    const signal = AbortSignal.timeout(timeoutMs);
    let last: T | undefined;
    try {
      for (;;) {
        try {
          for await (const { type, object } of this.watch<T>(path, {
            signal,
            ...(fieldSelector !== undefined && { fieldSelector }),
          })) {
            last = object;
            if (condition(object, type)) return object;
          }
        } catch (error) {
          // The watch cache of a resource that is new, or of a server that is, refuses until it has read everything.
          if (!(error instanceof ApiStatusError) || error.status !== 429) throw error;
          await delay(25, undefined, { signal });
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new Error(
        `nothing at ${path} as expected within ${timeoutMs} ms; the last object seen: ${JSON.stringify(last)}`,
        { cause: error },
      );
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #json<T>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<T> {
    return JSON.parse(await this.#text(method, path, body, contentType)) as T;
  }

  async #text(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<string> {
    const answer = await request(`${this.#access.server}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: { ...this.#headers(), ...(body !== undefined && { 'content-type': contentType }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new ApiStatusError(`${method} ${path}`, answer.statusCode, text);
    return text;
  }

  #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.#access.token}`, accept: 'application/json' };
  }
}
