/** More requests in one send lose acknowledgements (measured: 500 do); fewer cost more system calls. */
const LARGEST_BATCH = 32;

/** A batch must not keep the event loop from its timers for longer than about this: milliseconds. */
const LONG = 4;

/**
 * How many requests to put into the next batch, given how long the last one took. Deleting one of 10,000 IPv6 addresses
 * takes the kernel a millisecond, adding one eight; adding an IPv4 address 0.02.
 */
export function nextBatchSize(size: number, milliseconds: number): number {
  if (milliseconds > LONG) {
    return Math.max(1, size >> 1);
  }
  return milliseconds < LONG / 2 ? Math.min(LARGEST_BATCH, size << 1) : size;
}

/** The size of the first batch: small jobs go through in one. */
export const FIRST_BATCH = LARGEST_BATCH;
