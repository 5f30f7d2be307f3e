import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { formatListenAddress, parseListenAddress, type ListenAddress } from './listen-address.ts';

/** Outcome of a probe; the reason is what `curl` shows and says what is waited for. */
export type Health = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export interface HealthOptions {
  /** `HOST:PORT`, `[IPV6]:PORT` or `:PORT`; port 0 takes any free one. */
  readonly address: string;
  readonly metrics: Metrics;
  /** Whether the process works at all; false makes the kubelet restart it. Default: true. */
  readonly healthz?: () => Health | Promise<Health>;
  /** Whether the process does its job now: caches synced, connections up. */
  readonly readyz: () => Health | Promise<Health>;
  readonly logger: Logger;
  /** Closes the server. */
  readonly signal?: AbortSignal;
}

export interface HealthServer extends AsyncDisposable {
  /** The address that it listens on, as `HOST:PORT`. */
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Thrown where the metrics address cannot be listened on; the message says which flag to change. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code: string;
  constructor(address: string, cause: NodeJS.ErrnoException) {
    super(listenSentence(address, cause), { cause });
    this.code = cause.code ?? 'LISTEN';
  }
}

/**
 * Serves `/metrics`, `/healthz` and `/readyz`. Resolves once it listens.
 * @throws {ListenError} when the address is in use, not of this machine, or not allowed
 */
export async function serveHealth(options: HealthOptions): Promise<HealthServer> {
  const wanted = parseListenAddress(options.address);
  const server = createServer((request, response) => {
    // Not through URL, which throws at some of what a client may send (`//`).
    const [path = ''] = (request.url ?? '').split('?', 1);
    answer(path, response, options).catch((error: unknown) => {
      options.logger.error('A probe failed', { path, error });
      end(response, 500, 'text/plain', `${error instanceof Error ? error.message : 'error'}\n`);
    });
  });
  await listen(server, wanted, options.address);
  const bound = server.address();
  if (bound === null || typeof bound === 'string') {
    throw new Error('a TCP server has an address');
  }
  const address = formatListenAddress({ ...wanted, port: bound.port });
  options.logger.debug('Serving metrics and health', { address });
  const close = async (): Promise<void> => {
    options.signal?.removeEventListener('abort', onAbort);
    if (server.listening) {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    }
  };
  const onAbort = (): void => {
    close().catch((error: unknown) => options.logger.warn('The health server did not close', { error }));
  };
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (options.signal?.aborted === true) {
    await close();
  }
  return { address, port: bound.port, close, [Symbol.asyncDispose]: close };
}

async function listen(server: Server, { host, port }: ListenAddress, text: string): Promise<void> {
  server.listen({ port, ...(host === undefined ? {} : { host }) });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ListenError(text, error as NodeJS.ErrnoException);
  }
}

async function answer(path: string, response: ServerResponse, options: HealthOptions): Promise<void> {
  switch (path) {
    case '/metrics': {
      const { contentType, body } = await options.metrics.render();
      end(response, 200, contentType, body);
      return;
    }
    case '/healthz':
      endProbe(response, (await options.healthz?.()) ?? { ok: true });
      return;
    case '/readyz':
      endProbe(response, await options.readyz());
      return;
    default:
      end(response, 404, 'text/plain', 'not found; there are /metrics, /healthz and /readyz\n');
  }
}

function endProbe(response: ServerResponse, health: Health): void {
  end(response, health.ok ? 200 : 503, 'text/plain', health.ok ? 'ok\n' : `${health.reason}\n`);
}

function end(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

function listenSentence(address: string, { code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EADDRINUSE':
      return `cannot listen on ${address}: another process does; give a free address with --metrics-address`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `cannot listen on ${address}: this machine has no such address; give another with --metrics-address`;
    case 'EACCES':
      return `cannot listen on ${address}: not allowed; give a port above 1023 with --metrics-address`;
    default:
      return `cannot listen on ${address}: ${message}`;
  }
}
