import * as fc from 'fast-check';
import { LineSplitter } from './lines.ts';

function split(chunks: readonly Buffer[]): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter();
  for (const chunk of chunks) {
    splitter.push(chunk, (line) => lines.push(line));
  }
  return lines;
}

/** Cuts bytes at the given places. */
function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length));
}

describe('line splitter', () => {
  it('gives the same lines however the stream is cut, inside characters too', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', minLength: 1 }).map((line) => line.replaceAll('\n', 'é'))),
        fc.array(fc.nat(2_000)),
        (lines, places) => {
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          expect(split(cutAt(bytes, places))).toEqual(lines);
        },
      ),
    );
  });

  it('holds back a line that has not ended', () => {
    expect(split([Buffer.from('a\nb')])).toEqual(['a']);
  });
});
