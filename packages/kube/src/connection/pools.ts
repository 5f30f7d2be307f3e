import { createSecureContext, type SecureContext } from 'node:tls';
import type * as Undici from 'undici';
import { KubeConfigError } from '../errors.ts';
import type { ConnectionSettings } from './settings.ts';
import { Agent, ProxyAgent } from './undici.ts';

type Dispatcher = Undici.Dispatcher;

/** The connections of a client: one pool for calls, one for watches, whose bodies may be silent for long. */
export interface Pools {
  readonly calls: Dispatcher;
  readonly watches: Dispatcher;
  /** Lets running requests end, then closes; never rejects. */
  retire(): Promise<void>;
  /** Breaks everything off. */
  destroy(): Promise<void>;
}

/** Answers begin within milliseconds; the server's own limit for a request is 60 s, but none of ours is that slow. */
const HEADERS_TIMEOUT_MS = 15_000;
/** The API server sends a bookmark every 60 s on a quiet watch, so 90 s of silence mean that the connection is dead. */
export const WATCH_SILENCE_MS = 90_000;
/** A SYN or a TLS hello that is lost is sent again by the next attempt rather than by the kernel's back-off. */
const CONNECT_TIMEOUT_MS = 3_000;
/** Below the 90 s after which the API server closes an idle connection. undici's own 4 s cost a handshake each time. */
const KEEP_ALIVE_MS = 75_000;
/** More calls at a time than this wait: the API server's priority and fairness gives one user about as many seats. */
const CALL_CONNECTIONS = 16;

/** Opens nothing yet; connections come with the first requests. @throws {KubeConfigError} for certificates that are none */
export function openPools(settings: ConnectionSettings, watchSilenceMs: number): Pools {
  const common = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    // HTTP/2 puts all watches behind one TCP connection, where one slow reader or one lost packet holds up all of them.
    allowH2: false,
  };
  const secureContext = secureContextOf(settings.tls);
  const calls = dispatcherFor(settings, secureContext, {
    ...common,
    bodyTimeout: HEADERS_TIMEOUT_MS,
    connections: CALL_CONNECTIONS,
  });
  const watches = dispatcherFor(settings, secureContext, { ...common, bodyTimeout: watchSilenceMs });
  return {
    calls,
    watches,
    retire: async () => {
      await Promise.all([calls.close().catch(quiet), watches.close().catch(quiet)]);
    },
    destroy: async () => {
      await Promise.all([calls.destroy().catch(quiet), watches.destroy().catch(quiet)]);
    },
  };
}

/** Certificates and key, read once for all connections. @throws {KubeConfigError} where they make no sense */
function secureContextOf({ ca, certificate, key }: ConnectionSettings['tls']): SecureContext {
  try {
    return createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(certificate === undefined ? {} : { cert: certificate }),
      ...(key === undefined ? {} : { key }),
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new KubeConfigError(
      `the CA, the client certificate or its key is not PEM, or the two do not belong together: ${reason}`,
      { cause: error },
    );
  }
}

/** What `tls.connect` takes beside undici's own options. */
interface TlsOptions {
  readonly rejectUnauthorized?: boolean;
  readonly secureContext?: SecureContext;
}

/** A pool that is closed twice, or while it is destroyed, rejects; either way it ends. */
function quiet(): void {}

function dispatcherFor(
  settings: ConnectionSettings,
  secureContext: SecureContext,
  options: Undici.Agent.Options,
): Dispatcher {
  const { serverName, insecure } = settings.tls;
  const connect: Partial<Undici.buildConnector.BuildOptions> & TlsOptions = {
    timeout: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    secureContext,
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(insecure === true ? { rejectUnauthorized: false } : {}),
  };
  return settings.proxy === undefined
    ? new Agent({ ...options, connect })
    : new ProxyAgent({ ...options, uri: settings.proxy, requestTls: connect });
}
