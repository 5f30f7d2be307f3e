/**
 * Asks URLs from inside a namespace. Each line of standard input is a question {id, url, untilMs}; each answer is a line
 * {id, status, body, at} or {id, error}. With `untilMs` above 0 it asks again, 5 ms after each failure, until the answer is
 * 200 or that time is over.
 */
import { get } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { now } from '../clock.ts';
import type { HttpAnswer, HttpLine, HttpQuestion } from '../http.ts';

/** An attempt without an answer is given up after this long: a SYN that was lost comes again only after 1 s. */
const IMPATIENT_MS = 100;
const PATIENT_MS = 5_000;

async function attempt(url: string, timeoutMs: number): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const request = get(url, { agent: false, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (text: string) => (body += text));
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body, at: now() }));
    response.on('error', reject);
  });
  request.on('error', reject);
  return promise;
}

async function ask({ url, untilMs }: HttpQuestion): Promise<HttpAnswer> {
  const deadline = now() + untilMs;
  for (;;) {
    try {
      const answer = await attempt(url, untilMs > 0 ? IMPATIENT_MS : PATIENT_MS);
      if (answer.status === 200 || now() >= deadline) return answer;
    } catch (error) {
      if (now() >= deadline) throw error;
    }
    await delay(5);
  }
}

function print(line: HttpLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const input = createInterface({ input: process.stdin });
input.on('line', (line) => {
  const question = JSON.parse(line) as HttpQuestion;
  ask(question).then(
    (answer) => print({ id: question.id, answer }),
    (error: unknown) =>
      print({ id: question.id, error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) }),
  );
});
input.on('close', () => process.exit(0));
