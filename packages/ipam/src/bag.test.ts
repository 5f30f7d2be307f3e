import { array, assert, boolean, integer, property, tuple } from 'fast-check';
import { Bag } from './bag.ts';

describe('a bag', () => {
  it('has what a set has, whatever comes and goes', () => {
    assert(
      property(array(tuple(boolean(), integer({ min: 0, max: 9 }))), (steps) => {
        const bag = new Bag<number>();
        const set = new Set<number>();
        for (const [comes, member] of steps) {
          if (comes) {
            bag.add(member);
            set.add(member);
          } else {
            expect(bag.delete(member)).toBe(set.delete(member));
          }
          expect([...bag].toSorted((a, b) => a - b)).toEqual([...set].toSorted((a, b) => a - b));
          expect([bag.size, bag.has(member)]).toEqual([set.size, set.has(member)]);
          expect(bag.any === undefined).toBe(set.size === 0);
          expect(bag.some(3)).toHaveLength(Math.min(3, set.size));
        }
      }),
    );
  });
});
