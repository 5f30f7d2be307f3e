/** Bytes of a struct timespec on 64-bit Linux: seconds and nanoseconds, eight bytes each. */
export const TIMESPEC = 16;

/** Milliseconds of a struct timespec. Its parts are read as numbers: a clock is read ten times a second. */
export function readTimespec(bytes: Buffer, offset: number): number {
  const seconds = bytes.readUInt32LE(offset) + bytes.readInt32LE(offset + 4) * 2 ** 32;
  return seconds * 1000 + bytes.readUInt32LE(offset + 8) / 1e6;
}
