import { join } from 'node:path';
import type { Run } from './run.ts';

/** An HTTP answer as a client in the lab got it. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** When it was complete, on the lab's clock. */
  readonly at: number;
}

const PROGRAM = join(import.meta.dirname, 'programs', 'http.ts');

/** GETs a URL from inside a namespace, once. @throws {CommandError} when there is no answer within 5 s */
export async function httpFrom(run: Run, namespace: string, url: string): Promise<HttpAnswer> {
  return JSON.parse(await run.exec([process.execPath, PROGRAM, url], { namespace })) as HttpAnswer;
}

/**
 * Asks a URL from inside a namespace, every few milliseconds, until it answers 200.
 * @throws {CommandError} when it has not within `timeoutMs`
 */
export async function httpUntilOk(
  run: Run,
  namespace: string,
  url: string,
  options: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<HttpAnswer> {
  const { timeoutMs = 10_000, signal } = options;
  const output = await run.exec([process.execPath, PROGRAM, url, String(timeoutMs)], {
    namespace,
    ...(signal && { signal }),
  });
  return JSON.parse(output) as HttpAnswer;
}
