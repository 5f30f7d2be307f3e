import * as fc from 'fast-check';
import { ListItemSplitter } from './list-items.ts';

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length));
}

function parse(chunks: readonly Buffer[]): { items: unknown[]; envelope: unknown } {
  const items: unknown[] = [];
  const splitter = new ListItemSplitter((text) => items.push(JSON.parse(text)));
  for (const chunk of chunks) {
    splitter.push(chunk);
  }
  return { items, envelope: splitter.end() };
}

const object = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue());

describe('list splitter', () => {
  it('gives the same items and envelope as JSON.parse, however the stream is cut and spaced', () => {
    fc.assert(
      fc.property(
        object,
        fc.array(object),
        object,
        fc.array(fc.nat(4_000)),
        fc.nat(2),
        (before, items, after, cuts, space) => {
          const list = { ...before, items, after };
          const parsed = parse(cutAt(Buffer.from(JSON.stringify(list, undefined, space)), cuts));
          expect(parsed.items).toEqual(JSON.parse(JSON.stringify(items)));
          expect(parsed.envelope).toEqual(JSON.parse(JSON.stringify({ ...list, items: [] })));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is not fooled by braces, quotes and keys in strings, nor by other lists', () => {
    const list = {
      kind: 'x"items":[{',
      metadata: { items: [{ not: 'this' }], note: '\\"' },
      'a"items': [{ not: 'this either' }],
      items: [{ text: '}],{"' }, { text: '\\' }],
    };
    const parsed = parse(cutAt(Buffer.from(JSON.stringify(list)), [...Array(200).keys()]));
    expect(parsed.items).toEqual(list.items);
    expect(parsed.envelope).toEqual({ ...list, items: [] });
  });

  it('fails when the list ends too early', () => {
    expect(() => parse([Buffer.from('{"kind":"List","items":[{"a":1},')])).toThrow(SyntaxError);
  });
});
