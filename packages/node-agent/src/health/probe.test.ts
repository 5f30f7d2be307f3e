import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { probeDataPath } from './probe.ts';

async function withServer(status: number | 'silent', body: (url: URL) => Promise<void>): Promise<void> {
  const server = createServer((_, response) => {
    if (status !== 'silent') {
      response.writeHead(status).end();
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  try {
    await body(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/healthz`));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const options = { timeoutMs: 200, signal: new AbortController().signal };

test('200 is good, 503 is bad, silence is bad', async () => {
  await withServer(200, async (url) => {
    expect(await probeDataPath(url, options)).toEqual({ type: 'good' });
  });
  await withServer(503, async (url) => {
    expect(await probeDataPath(url, options)).toEqual({ type: 'bad', detail: 'it answers 503' });
  });
  await withServer('silent', async (url) => {
    expect(await probeDataPath(url, options)).toEqual({ type: 'bad', detail: 'no answer within 200 ms' });
  });
});

test('a port that nobody listens on is told apart from a bad answer', async () => {
  let closed = new URL('http://127.0.0.1/');
  await withServer(200, (url) => {
    closed = url;
    return Promise.resolve();
  });
  expect(await probeDataPath(closed, options)).toEqual({ type: 'nobody' });
});
