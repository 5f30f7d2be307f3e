import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Agent, type Dispatcher } from 'undici';

/** What the proxy does to a request before, or instead of, handing it on. */
export type RequestFault =
  | { readonly type: 'answer'; readonly status: number; readonly body: string; readonly retryAfter?: number }
  | { readonly type: 'cut' }
  | { readonly type: 'hang' }
  | { readonly type: 'delay'; readonly milliseconds: number };

/** What happens to a body under way. */
export type BodyFault =
  | { readonly type: 'cut'; readonly afterBytes: number }
  | { readonly type: 'stall'; readonly afterBytes: number }
  | { readonly type: 'inject'; readonly afterBytes: number; readonly line: string };

export interface RequestInfo {
  readonly method: string;
  readonly url: URL;
  readonly watch: boolean;
}

/** Decides what goes wrong. Nothing does where both return undefined. */
export interface Weather {
  readonly request: (info: RequestInfo) => RequestFault | undefined;
  readonly body: (info: RequestInfo) => BodyFault | undefined;
}

export const FAIR_WEATHER: Weather = { request: () => undefined, body: () => undefined };

export interface ChaosProxyOptions {
  /** `https://127.0.0.1:PORT` of the real API server. */
  readonly server: string;
  /** PEM of its certificate authority. */
  readonly ca: string;
  /** Default `127.0.0.1`. */
  readonly host?: string;
}

/**
 * Stands between a client and a real API server: ends the client's HTTP, speaks TLS to the server, and misbehaves as the
 * {@link Weather} says. Headers, and so credentials, are handed on as they are.
 */
export class ChaosProxy implements AsyncDisposable {
  weather: Weather = FAIR_WEATHER;
  /** Connections that clients have opened. */
  connections = 0;
  /** Bytes of bodies that came from the server. */
  answered = 0;
  /** Requests by method and path, in order. */
  readonly requests: string[] = [];
  readonly #server: Server;
  readonly #upstream: Agent;
  readonly #target: string;
  readonly #sockets = new Set<Socket>();
  readonly #frozen = new Set<Socket>();

  private constructor(options: ChaosProxyOptions) {
    this.#target = options.server;
    this.#upstream = new Agent({ connect: { ca: options.ca }, allowH2: false, bodyTimeout: 0, headersTimeout: 0 });
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    this.#server.keepAliveTimeout = 0;
    this.#server.on('connection', (socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    });
  }

  static async start(options: ChaosProxyOptions): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(options);
    proxy.#server.listen(0, options.host ?? '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  /**
   * The network goes half-open: connections stay, new ones are accepted, and not a byte comes through any more; those
   * that were frozen stay so for good.
   */
  freeze(): void {
    this.weather = { request: () => ({ type: 'hang' }), body: () => undefined };
    for (const socket of this.#sockets) {
      this.#frozen.add(socket);
      socket.pause();
    }
  }

  thaw(weather = FAIR_WEATHER): void {
    this.weather = weather;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.cut();
    await this.#upstream.destroy();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://proxy');
    const info = { method: request.method ?? 'GET', url, watch: url.searchParams.has('watch') };
    this.requests.push(`${info.method} ${url.pathname}`);
    const fault = this.weather.request(info);
    if (fault !== undefined && (await this.#misbehave(fault, request, response))) {
      return;
    }
    const body: Buffer[] = [];
    for await (const chunk of request) {
      body.push(chunk as Buffer);
    }
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const answer = await this.#upstream.request({
      origin: this.#target,
      path: request.url ?? '/',
      method: info.method,
      headers: withoutHop(request.headers),
      signal: gone.signal,
      ...(body.length === 0 ? {} : { body: Buffer.concat(body) }),
    });
    response.writeHead(answer.statusCode, withoutHop(answer.headers));
    response.flushHeaders();
    await this.#forward(answer.body, response, this.weather.body(info));
  }

  /** Resolves with whether the request has got all that it will get. */
  async #misbehave(fault: RequestFault, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    switch (fault.type) {
      case 'answer':
        request.resume();
        response.writeHead(fault.status, {
          'content-type': 'application/json',
          ...(fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) }),
        });
        response.end(fault.body);
        return true;
      case 'cut':
        response.destroy();
        return true;
      case 'hang':
        request.resume();
        return true;
      default:
        await new Promise((resolve) => setTimeout(resolve, fault.milliseconds));
        return false;
    }
  }

  async #forward(
    body: Dispatcher.ResponseData['body'],
    response: ServerResponse,
    fault: BodyFault | undefined,
  ): Promise<void> {
    let left = fault?.afterBytes ?? Number.POSITIVE_INFINITY;
    const { socket } = response;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      this.answered += chunk.length;
      if (socket !== null && this.#frozen.has(socket)) {
        continue;
      }
      if (left < chunk.length && fault !== undefined) {
        if (fault.type === 'inject') {
          response.write(chunk.subarray(0, chunk.lastIndexOf('\n') + 1));
          response.end(`${fault.line}\n`);
          return;
        }
        response.write(chunk.subarray(0, left));
        if (fault.type === 'cut') {
          response.destroy();
          return;
        }
        left = 0; // stalled: read on and forward nothing, so that the server notices nothing either
        continue;
      }
      left -= chunk.length;
      response.write(chunk);
    }
    if (fault?.type !== 'stall' || left > 0) {
      response.end();
    }
  }
}

/** Headers that are about one connection only. */
function withoutHop(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const hop = new Set(['connection', 'host', 'keep-alive', 'transfer-encoding', 'content-length']);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hop.has(name)));
}
