import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { ListenError, serveHealth, type Health } from './health.ts';
import { parseListenAddress } from './listen-address.ts';
import { createLogger } from './logger.ts';
import { createMetrics } from './metrics.ts';

const logger = createLogger({ process: 'test', level: 'error' });
function broken(): Health {
  throw new Error('broken');
}
const ready = (): Health => ({ ok: true });

describe('health server', () => {
  it.each(['127.0.0.1:0', '[::1]:0'])('serves metrics and probes on %s', async (address) => {
    const metrics = createMetrics();
    metrics.counter({ name: 'fairlead_things_total', help: 'Things.', labels: ['kind'] }).inc({ kind: 'a' }, 2);
    metrics.gauge({ name: 'fairlead_size', help: 'Size.', read: () => 7 });
    let readiness: Health = { ok: false, reason: 'waits for the API server' };
    await using server = await serveHealth({ address, metrics, readyz: () => readiness, logger });
    const get = (path: string): Promise<Response> => fetch(`http://${server.address}${path}`);

    const page = await (await get('/metrics')).text();
    expect(page).toContain('fairlead_things_total{kind="a"} 2');
    expect(page).toContain('fairlead_size 7');
    expect(page).toMatch(/^process_resident_memory_bytes \d+$/m);
    expect(page).toMatch(/^nodejs_eventloop_lag_seconds [\d.e-]+$/m);

    expect((await get('/healthz')).status).toBe(200);
    const waiting = await get('/readyz');
    expect([waiting.status, await waiting.text()]).toEqual([503, 'waits for the API server\n']);
    readiness = { ok: true };
    expect((await get('/readyz')).status).toBe(200);
    expect((await get('/else')).status).toBe(404);
  });

  it.each(['//', '//[', 'http://[/', '*'])('answers 404 to the path %j, which is no URL', async (path) => {
    await using server = await serveHealth({ address: '127.0.0.1:0', metrics: createMetrics(), readyz: ready, logger });
    // Not fetch, which would make a URL of it.
    const sent = request({ port: server.port, path, agent: false }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(404);
    expect((await fetch(`http://${server.address}/healthz?verbose`)).status).toBe(200);
  });

  it('says which flag to change when the address is in use', async () => {
    const metrics = createMetrics();
    await using server = await serveHealth({ address: '127.0.0.1:0', metrics, readyz: ready, logger });
    const second = serveHealth({ address: server.address, metrics, readyz: ready, logger });
    await expect(second).rejects.toThrow(ListenError);
    await expect(second).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: expect.stringMatching(/another process does; give a free address with --metrics-address/) as string,
    });
  });

  it('answers 500 and goes on when a probe throws', async () => {
    const quiet = createLogger({ process: 'test', stream: new PassThrough() });
    await using server = await serveHealth({
      address: '127.0.0.1:0',
      metrics: createMetrics(),
      readyz: broken,
      logger: quiet,
    });
    expect((await fetch(`http://${server.address}/readyz`)).status).toBe(500);
    expect((await fetch(`http://${server.address}/healthz`)).status).toBe(200);
  });

  it('closes with its signal, connections included', async () => {
    const controller = new AbortController();
    const server = await serveHealth({
      address: '127.0.0.1:0',
      metrics: createMetrics(),
      readyz: ready,
      logger,
      signal: controller.signal,
    });
    await fetch(`http://${server.address}/healthz`);
    controller.abort();
    await server.close();
    await expect(fetch(`http://${server.address}/healthz`)).rejects.toThrow('fetch failed');
  });
});

describe('listen address', () => {
  it.each([
    ['127.0.0.1:7672', { host: '127.0.0.1', port: 7672 }],
    ['[::1]:7672', { host: '::1', port: 7672 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    [':7672', { port: 7672 }],
  ])('reads %s', (text, expected) => {
    expect(parseListenAddress(text)).toEqual(expected);
  });

  it.each(['7672', '::1:7672', 'host', 'host:99999', ''])('refuses %j and says how to write it', (text) => {
    expect(() => parseListenAddress(text)).toThrow(/write HOST:PORT/);
  });
});
