import * as fc from 'fast-check';
import { BinaryHeap } from './binary-heap.ts';

describe('a binary heap', () => {
  test('gives out what goes first, whatever was put in and taken out before', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined })), (acts) => {
        const heap = new BinaryHeap<number>((one, other) => one < other);
        let model: number[] = [];
        for (const act of acts) {
          if (act === undefined) {
            const [least, ...rest] = model;
            expect(heap.pop()).toBe(least);
            model = rest;
          } else {
            heap.push(act);
            model = [...model, act].sort((a, b) => a - b);
          }
          expect(heap.peek()).toBe(model[0]);
          expect(heap.size).toBe(model.length);
        }
      }),
    );
  });
});
