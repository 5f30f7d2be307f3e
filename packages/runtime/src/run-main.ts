import { ExitRequest } from './exit-request.ts';
import { createLogger } from './logger.ts';

/** Milliseconds between the signal and the exit, whatever still hangs; the contract of the programs says 2 s. */
const GRACE_MS = 1_800;

/**
 * A signal that comes again this soon is the first one once more: `timeout`, npm and a terminal send it to the program and
 * to its whole group. Nobody has become impatient, and what the program gives back at its end must not be cut off.
 */
const SAME_SIGNAL_MS = 300;

/** 128 + the signal's number, as shells report it. */
const EXIT_BY_SIGNAL = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Runs a program. Its signal aborts on SIGTERM and SIGINT; the program then has 1.8 s to end, after which, or at a second
 * signal 300 ms or more behind the first, the process exits without it. Exit codes: 0 when `main` returns, or is ended by
 * a signal in time; the code of an {@link ExitRequest}; 1 when `main` throws or a rejection is handled by nobody; 143 or
 * 130 at a second signal.
 */
export async function runMain(name: string, main: (signal: AbortSignal) => Promise<void>): Promise<never> {
  const controller = new AbortController();
  const logger = createLogger({ process: name });
  let firstAt = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      if (performance.now() - firstAt >= SAME_SIGNAL_MS) {
        process.exit(signal === 'SIGINT' ? EXIT_BY_SIGNAL.SIGINT : EXIT_BY_SIGNAL.SIGTERM);
      }
      return;
    }
    firstAt = performance.now();
    controller.abort(new Error(`stopped by ${signal}`));
    setTimeout(() => {
      logger.warn('Something did not end in time; leaving it', { milliseconds: GRACE_MS });
      process.exit(0);
    }, GRACE_MS).unref();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('uncaughtException', (error, origin) => {
    logger.error('A bug: an error that nobody handled ends the process', { origin, error, stack: error.stack });
    process.exit(1);
  });
  try {
    await main(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) {
      process.exit(report(error));
    }
    logger.debug('The program ended with an error while stopping', { error });
  }
  // What is still open (idle connections, a worker) must not keep a program alive that has done its work.
  process.exit(0);

  function report(error: unknown): number {
    if (error instanceof ExitRequest) {
      const stream = error.exitCode === 0 ? process.stdout : process.stderr;
      stream.write(error.exitCode === 0 ? `${error.message}\n` : `${name}: ${error.message}\n`);
      return error.exitCode;
    }
    logger.error(error instanceof Error ? error.message : String(error), { error });
    return 1;
  }
}
