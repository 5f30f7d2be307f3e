import { request } from 'node:http';
import type { Probe } from './data-path.ts';

/** Codes that mean that nothing listens at the address. */
const NOBODY = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL']);

/**
 * One look at a health endpoint. Never throws.
 * @param options.timeoutMs after so long without an answer it counts as bad
 */
export function probeDataPath(
  url: URL,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Probe> {
  const { promise, resolve } = Promise.withResolvers<Probe>();
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = AbortSignal.any([options.signal, timeout]);
  // node:http and not fetch: a fetch keeps a pool, its timers and several MiB for one loopback request every second.
  const asked = request(url, { signal, agent: false }, (response) => {
    response.resume();
    const status = response.statusCode ?? 0;
    resolve(status >= 200 && status < 300 ? { type: 'good' } : { type: 'bad', detail: `it answers ${status}` });
  });
  asked.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== undefined && NOBODY.has(error.code)) {
      resolve({ type: 'nobody' });
    } else {
      resolve({
        type: 'bad',
        detail: timeout.aborted ? `no answer within ${options.timeoutMs} ms` : `it fails: ${error.message}`,
      });
    }
  });
  asked.end();
  return promise;
}
