import { readTimespec } from './timespec.ts';

test('a timespec is milliseconds, also after 2106 and before 1970', () => {
  const bytes = Buffer.alloc(24);
  for (const [seconds, nanoseconds, milliseconds] of [
    [0n, 1n, 0.000001],
    [1_795_000_000n, 123_456_789n, 1_795_000_000_123.46],
    [5_000_000_000n, 999_999_999n, 5_000_000_001_000],
    [-1n, 500_000_000n, -500],
  ] as const) {
    bytes.writeBigInt64LE(seconds, 8);
    bytes.writeBigInt64LE(nanoseconds, 16);
    expect(readTimespec(bytes, 8)).toBeCloseTo(milliseconds, 1);
  }
});
