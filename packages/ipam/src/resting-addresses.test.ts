import { array, assert, bigInt, constantFrom, property, record } from 'fast-check';
import { RestingAddresses } from './resting-addresses.ts';

describe('freed addresses', () => {
  it('stand in the order in which they were freed, whoever leaves from between', () => {
    const step = record({ type: constantFrom('add', 'delete', 'take'), value: bigInt({ min: 0n, max: 9n }) });
    assert(
      property(array(step, { maxLength: 100 }), (steps) => {
        const resting = new RestingAddresses();
        let expected: bigint[] = [];
        for (const { type, value } of steps) {
          const leaving = type === 'take' ? expected[0] : value;
          if (type === 'add') {
            resting.add(value);
            expected = expected.includes(value) ? expected : [...expected, value];
          } else if (leaving !== undefined) {
            resting.delete(leaving);
            expected = expected.filter((one) => one !== leaving);
          }
          expect([resting.longest, resting.size, [...resting]]).toEqual([expected[0], expected.length, expected]);
        }
      }),
    );
  });

  it('do not remember those that have left for ever', () => {
    const resting = new RestingAddresses();
    for (let value = 0n; value < 10_000n; value += 1n) {
      resting.add(value);
    }
    const order: bigint[] = [];
    for (let round = 0; round < 100_000; round += 1) {
      const { longest = -1n } = resting;
      order.push(longest);
      resting.delete(longest);
      resting.add(longest + 10_000n);
    }
    expect(order).toEqual(Array.from({ length: 100_000 }, (_, index) => BigInt(index)));
    expect([resting.size, [...resting].length]).toEqual([10_000, 10_000]);
  });
});
