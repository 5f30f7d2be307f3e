import { FIRST_BATCH, nextBatchSize } from './batch.ts';

/** Batch sizes for requests that take the kernel this long each, in milliseconds. */
function sizes(cost: number, count: number): number[] {
  const result = [FIRST_BATCH];
  while (result.length < count) {
    const size = result.at(-1) ?? 0;
    result.push(nextBatchSize(size, size * cost));
  }
  return result;
}

describe('nextBatchSize', () => {
  it('stays at the size that loses no acknowledgement while requests are cheap', () => {
    expect(Math.max(...sizes(0.02, 20))).toBe(32);
    expect(Math.min(...sizes(0.02, 20))).toBe(32);
  });

  it.each([0.5, 1, 3, 8])(
    'comes down where a request takes %d ms, so that a batch ends after 4 ms or one request',
    (cost) => {
      expect(
        sizes(cost, 20)
          .slice(6)
          .every((size) => size === 1 || size * cost <= 4),
      ).toBe(true);
    },
  );

  it('grows again', () => {
    expect(nextBatchSize(1, 0.1)).toBe(2);
    expect(nextBatchSize(32, 0.1)).toBe(32);
  });
});
