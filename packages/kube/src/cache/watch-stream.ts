import type { Readable } from 'node:stream';

/**
 * Gives each chunk to `onChunk` in the same turn of the event loop in which the socket delivers it (an async iterator
 * would add turns, and a watch is where latency is felt). Resolves at the end of the stream; rejects when it fails, when
 * `onChunk` throws, or when the signal aborts; the stream is destroyed in any case.
 */
export function readChunks(stream: Readable, onChunk: (chunk: Buffer) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown): void => {
      signal.removeEventListener('abort', onAbort);
      stream.off('data', onData).off('end', onEnd).off('close', onClose);
      // Destroying an unfinished body reports an error once more; nobody is interested any longer.
      stream.off('error', settle).on('error', ignore);
      stream.destroy();
      if (error === undefined) {
        resolve();
      } else {
        reject(error instanceof Error ? error : new Error('the stream failed', { cause: error }));
      }
    };
    const onAbort = (): void => settle(signal.reason ?? new Error('aborted'));
    const onEnd = (): void => settle();
    const onClose = (): void => settle(new Error('the connection was closed in the middle'));
    const onData = (chunk: Buffer): void => {
      try {
        onChunk(chunk);
      } catch (error) {
        settle(error);
      }
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    stream.on('error', settle).on('end', onEnd).on('close', onClose).on('data', onData);
  });
}

function ignore(): void {}
