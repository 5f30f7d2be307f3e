import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Rule } from './referee.ts';
import { Distributions } from './report.ts';
import type { Failure } from './report.ts';
import type { Chunk, ChunkResult } from './soak-worker.ts';

/** Seeds that a worker gets at a time: after a failure, the rest of them is left out. */
const CHUNK = 250;

export interface SoakOptions {
  /** First seed. */
  readonly from: number;
  /** Number of seeds. */
  readonly count: number;
  /** Processes. */
  readonly jobs: number;
  /** Told of each seed that breaks a rule, as soon as that is known. */
  readonly onFailure: (failure: Failure) => void;
  /** Told of the seeds played, after each chunk. */
  readonly onProgress?: (played: number) => void;
  /** Ends it early; what was played until then counts. */
  readonly signal?: AbortSignal;
}

export interface SoakResult {
  readonly played: number;
  readonly virtualMs: number;
  readonly failures: number;
  readonly distributions: Distributions;
}

/** Plays the histories of a range of seeds on several cores. A chunk ends at its first failure; the others go on. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const distributions = new Distributions();
  const known = new Set<Rule>();
  let next = options.from;
  let played = 0;
  let virtualMs = 0;
  let failures = 0;
  const nextChunk = (): Chunk | undefined => {
    const count = Math.min(CHUNK, options.from + options.count - next);
    if (count <= 0 || options.signal?.aborted === true) {
      return undefined;
    }
    const chunk = { from: next, count, known: [...known] };
    next += count;
    return chunk;
  };
  const take = (result: ChunkResult): void => {
    played += result.played;
    virtualMs += result.virtualMs;
    distributions.merge(result.times);
    if (result.failure !== undefined) {
      failures += 1;
      known.add(result.failure.violation.rule);
      options.onFailure(result.failure);
    }
    options.onProgress?.(played);
  };
  await Promise.all(Array.from({ length: options.jobs }, () => work({ nextChunk, take })));
  return { played, virtualMs, failures, distributions };
}

/** One process, until there is nothing more to do. */
async function work(options: {
  readonly nextChunk: () => Chunk | undefined;
  readonly take: (result: ChunkResult) => void;
}): Promise<void> {
  const worker = fork(fileURLToPath(new URL('soak-worker.ts', import.meta.url)), { execArgv: ['--no-warnings'] });
  try {
    for (let chunk = options.nextChunk(); chunk !== undefined; chunk = options.nextChunk()) {
      options.take(await ask(worker, chunk));
    }
  } finally {
    worker.disconnect();
  }
}

function ask(worker: ChildProcess, chunk: Chunk): Promise<ChunkResult> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void =>
      reject(new Error(`a process that played ${JSON.stringify(chunk)} ended with ${code}`));
    worker.once('exit', ended);
    worker.once('error', reject);
    worker.once('message', (result: ChunkResult) => {
      worker.off('exit', ended);
      worker.off('error', reject);
      resolve(result);
    });
    worker.send(chunk);
  });
}
