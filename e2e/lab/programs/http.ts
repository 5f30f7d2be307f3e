/**
 * Asks a URL from inside a namespace. `node http.ts URL [UNTIL_MS]` prints one JSON line {status, body, at}.
 * With UNTIL_MS it asks again, 5 ms after each failure, until the answer is 200 or the time is over; then it exits with 1.
 */
import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { now } from '../clock.ts';
import type { HttpAnswer } from '../http.ts';

const [url = '', untilMs = '0'] = process.argv.slice(2);
/** An attempt that gets no answer is given up after this long: a SYN that was lost comes again only after 1 s. */
const ATTEMPT_MS = Number(untilMs) > 0 ? 100 : 5_000;

async function ask(): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const request = get(url, { agent: false, signal: AbortSignal.timeout(ATTEMPT_MS) }, (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (text: string) => (body += text));
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body, at: now() }));
    response.on('error', reject);
  });
  request.on('error', reject);
  return promise;
}

const deadline = now() + Number(untilMs);
for (;;) {
  try {
    const answer = await ask();
    if (answer.status === 200 || now() >= deadline) {
      process.stdout.write(`${JSON.stringify(answer)}\n`);
      break;
    }
  } catch (error) {
    if (now() >= deadline) {
      process.stderr.write(`${url}: ${error instanceof Error ? `${error.name} ${error.message}` : String(error)}\n`);
      process.exitCode = 1;
      break;
    }
  }
  await delay(5);
}
