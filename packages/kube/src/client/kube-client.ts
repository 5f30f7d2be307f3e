import { performance } from 'node:perf_hooks';
import { ConnectionManager } from '../connection/connection.ts';
import { findSettings } from '../connection/find-settings.ts';
import { WATCH_SILENCE_MS } from '../connection/pools.ts';
import type { SettingsSource } from '../connection/settings.ts';
import type { Logger } from '../logger.ts';
import {
  acceptOf,
  resourcePath,
  type KubeObject,
  type ObjectKey,
  type ResourceType,
  type Subresource,
} from '../resources.ts';
import { ApiHealth } from './api-health.ts';
import { Transport, type Call, type CallOptions } from './transport.ts';

export interface ListOptions extends CallOptions {
  /** Only objects of this namespace. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** `'0'`: whatever the server's cache has; absent: consistent, the newest there is. */
  readonly resourceVersion?: string;
  /** At most so many; go on with `continue`. Not with `resourceVersion: '0'`, whose cache ignores it. */
  readonly limit?: number;
  readonly continue?: string;
}

export interface ObjectList<T> {
  readonly items: readonly T[];
  /** Version of the whole list, from which a watch can go on. */
  readonly resourceVersion: string;
  /** Present when there is more. */
  readonly continue?: string;
}

export interface WriteOptions extends CallOptions {
  readonly fieldManager?: string;
  /** Checks and answers as if, and writes nothing. */
  readonly dryRun?: boolean;
}

/** How the patch is meant; the content types of Kubernetes. `apply` needs a `fieldManager`. */
export type PatchType = 'strategic' | 'merge' | 'json' | 'apply';

export interface PatchOptions extends WriteOptions {
  readonly type: PatchType;
  readonly subresource?: Subresource;
  /** `apply` only: take fields over that others own. */
  readonly force?: boolean;
}

export interface DeleteOptions extends CallOptions {
  /** Refused with a conflict when the object is another one, or has changed. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  readonly gracePeriodSeconds?: number;
}

export interface KubeClientOptions {
  /** Path of a kubeconfig. Default: `$KUBECONFIG`, else the Pod's service account, else `~/.kube/config`. */
  readonly kubeconfig?: string;
  readonly logger: Logger;
  /** `program/version`; the API server keeps what stands before the slash as the manager of fields. */
  readonly userAgent: string;
  /**
   * After so many milliseconds of silence a watch is taken for dead. Default 90,000; the server's bookmarks come every
   * 60,000, so less makes quiet watches open again and again.
   */
  readonly watchSilenceMs?: number;
  /** Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const PATCH_CONTENT_TYPES: Readonly<Record<PatchType, string>> = {
  strategic: 'application/strategic-merge-patch+json',
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
};

/**
 * Calls to one API server. Objects are plain wire JSON. Every method rejects with an `ApiError` when the server refuses,
 * a `NetworkError` when no answer came (whether a write happened is then not known), a `KubeConfigError` while it is not
 * known where the server is, or the signal's reason when aborted.
 */
export class KubeClient implements AsyncDisposable {
  /** Whether the server answers; shared by everything that uses this client. */
  readonly health: ApiHealth;
  /** For what reads bodies piece by piece (reflectors). */
  readonly transport: Transport;
  readonly #connections: ConnectionManager;

  constructor(source: SettingsSource, options: Pick<KubeClientOptions, 'logger' | 'userAgent' | 'watchSilenceMs'>) {
    const { logger, userAgent, watchSilenceMs = WATCH_SILENCE_MS } = options;
    this.health = new ApiHealth();
    this.#connections = new ConnectionManager({ source, logger, watchSilenceMs, now: monotonic });
    this.transport = new Transport({ connections: this.#connections, health: this.health, logger, userAgent });
  }

  async get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options: CallOptions = {}): Promise<T> {
    const path = resourcePath(type, key);
    return (await this.transport.call({ method: 'GET', path, accept: acceptOf(type, 'object'), ...options })) as T;
  }

  async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    const { namespace, labelSelector, fieldSelector, resourceVersion, limit, continue: next, ...call } = options;
    const answer = (await this.transport.call({
      method: 'GET',
      path: resourcePath(type, namespace === undefined ? {} : { namespace }),
      query: { labelSelector, fieldSelector, resourceVersion, limit, continue: next },
      accept: acceptOf(type, 'list'),
      ...call,
    })) as { metadata?: { resourceVersion?: string; continue?: string }; items?: T[] };
    const more = answer.metadata?.continue ?? '';
    return {
      // Items of a list come without the kind that each object has elsewhere.
      items: (answer.items ?? []).map((item) => withKind(type, item)),
      resourceVersion: answer.metadata?.resourceVersion ?? '',
      ...(more === '' ? {} : { continue: more }),
    };
  }

  async create<T extends KubeObject>(type: ResourceType<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const { namespace } = object.metadata ?? {};
    const path = resourcePath(type, namespace === undefined ? {} : { namespace });
    return await this.#write<T>({ method: 'POST', path, body: withKind(type, object) }, options);
  }

  /** Replaces the object whole. With `metadata.resourceVersion` it is refused when somebody was faster (`isConflict`). */
  async replace<T extends KubeObject>(type: ResourceType<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const path = resourcePath(type, keyOf(object));
    return await this.#write<T>({ method: 'PUT', path, body: withKind(type, object) }, options);
  }

  async replaceStatus<T extends KubeObject>(type: ResourceType<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const path = resourcePath(type, keyOf(object), 'status');
    return await this.#write<T>({ method: 'PUT', path, body: withKind(type, object) }, options);
  }

  async patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: unknown,
    options: PatchOptions,
  ): Promise<T> {
    const { type: patchType, subresource, force, ...rest } = options;
    const path = resourcePath(type, key, subresource);
    const contentType = PATCH_CONTENT_TYPES[patchType];
    return await this.#write<T>({ method: 'PATCH', path, body: patch, contentType, query: { force } }, rest);
  }

  /** Resolves when the server has accepted; an object with finalizers stays until they are gone. */
  async delete<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options: DeleteOptions = {},
  ): Promise<void> {
    const { preconditions, propagationPolicy, gracePeriodSeconds, ...call } = options;
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy, gracePeriodSeconds };
    await this.transport.call({ method: 'DELETE', path: resourcePath(type, key), body, ...call });
  }

  /** Any other call: subresources, `/version`, discovery. Resolves with the parsed JSON body. */
  async request(call: Call): Promise<unknown> {
    return await this.transport.call(call);
  }

  /** Breaks off whatever still runs and closes all connections. */
  async close(): Promise<void> {
    await this.#connections.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #write<T>(call: Call, { fieldManager, dryRun, ...options }: WriteOptions): Promise<T> {
    const query = { ...call.query, fieldManager, dryRun: dryRun === true ? 'All' : undefined };
    return (await this.transport.call({ ...call, ...options, query })) as T;
  }
}

/**
 * A client; nothing is read or opened before its first call. A kubeconfig that is missing or wrong makes each call fail
 * with a `KubeConfigError` until it is there, so that a process waits for it like for a server that is away.
 */
export async function createKubeClient(options: KubeClientOptions): Promise<KubeClient> {
  const { kubeconfig, env = process.env } = options;
  return new KubeClient(findSettings({ env, ...(kubeconfig === undefined ? {} : { kubeconfig }) }), options);
}

function monotonic(): number {
  return performance.now();
}

function keyOf({ metadata }: KubeObject): ObjectKey {
  if (metadata?.name === undefined) {
    throw new TypeError('an object without a name cannot be replaced');
  }
  return { name: metadata.name, ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }) };
}

function withKind<T extends KubeObject>({ apiVersion, kind }: ResourceType<T>, object: T): T {
  return { apiVersion, kind, ...object };
}
