import { execFile } from 'node:child_process';
import type { CheckResult, ConfigurationFault } from '../controller/daemon.ts';

export interface CheckOptions {
  /** BIRD's program. */
  readonly birdPath: string;
  /** The file to check. */
  readonly path: string;
  /** Milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Has BIRD read a configuration file without using it (`bird -p`). Never throws. */
export function checkConfiguration({ birdPath, path, timeoutMs, signal }: CheckOptions): Promise<CheckResult> {
  return new Promise((resolve) => {
    const options = { timeout: timeoutMs, killSignal: 'SIGKILL', signal, maxBuffer: 1024 * 1024 } as const;
    execFile(birdPath, ['-p', '-c', path], options, (error, stdout, stderr) => {
      if (error === null) {
        resolve({ type: 'valid' });
      } else if (error.code === 'ENOENT') {
        const message = `${birdPath} is missing; install BIRD 2 beside the agent (package bird2), it checks each configuration`;
        resolve({ type: 'failed', message });
      } else if (error.killed === true) {
        resolve({ type: 'failed', message: `${birdPath} -p did not end within ${timeoutMs} ms` });
      } else if (typeof error.code === 'number') {
        resolve({ type: 'invalid', fault: parseFault(`${stderr}${stdout}`) });
      } else {
        resolve({ type: 'failed', message: `${birdPath} -p cannot be run: ${error.message}` });
      }
    });
  });
}

/** Reads `FILE:LINE:COLUMN message`, as `bird -p` and the control socket say it. */
export function parseFault(output: string): ConfigurationFault {
  const place = /(?:^|\s)\S*:(\d+):\d+ ([^\n]+)/.exec(output);
  if (place !== null) {
    return { line: Number(place[1]), message: place[2]?.trim() ?? '' };
  }
  return { line: undefined, message: output.trim().replaceAll(/\s*\n\s*/g, '; ') || 'BIRD gave no reason' };
}
