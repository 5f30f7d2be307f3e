import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { Agent, request } from '../connection/undici.ts';
import { DeadlineError } from './deadline.ts';
import { punctual } from './punctual.ts';

it('a request that waited for a connection until its time was over is not sent', async () => {
  const paths: string[] = [];
  const answers: ServerResponse[] = [];
  const asked = Promise.withResolvers<void>();
  const server = createServer(({ url = '' }, response) => {
    paths.push(url);
    answers.push(response);
    asked.resolve();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const origin = typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '';
  const agent = new Agent({ connections: 1 });
  let now = 0;
  const ask = async (path: string): Promise<unknown> =>
    await request(
      punctual(agent, 100, () => now),
      { origin, path, method: 'GET' },
    ).then(
      ({ statusCode }) => statusCode,
      (error: unknown) => error,
    );
  const inTime = ask('/in-time');
  await asked.promise;
  const late = ask('/late');
  now = 100;
  answers[0]?.end();
  expect(await inTime).toBe(200);
  expect(await late).toBeInstanceOf(DeadlineError);
  expect(paths).toEqual(['/in-time']);
  await agent.destroy();
  server.close();
});
