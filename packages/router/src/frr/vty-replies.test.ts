import * as fc from 'fast-check';
import { VtyReplyParser } from './vty-replies.ts';

const answer = (text: string, status: number): Buffer =>
  Buffer.concat([Buffer.from(text), Buffer.from([0, 0, 0, status])]);

describe('answers of a daemon', () => {
  it('are the same however they are cut', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((each) => !each.includes('\0'));
    const replies = fc.array(fc.record({ text, status: fc.integer({ min: 0, max: 255 }) }));
    fc.assert(
      fc.property(replies, fc.integer({ min: 1, max: 7 }), (sent, size) => {
        const bytes = Buffer.concat(sent.map((each) => answer(each.text, each.status)));
        const parser = new VtyReplyParser();
        const read = [];
        for (let at = 0; at < bytes.length; at += size) {
          read.push(...parser.push(bytes.subarray(at, at + size)));
        }
        expect(read).toEqual(sent);
      }),
    );
  });

  it('are refused where something else is at the other end', () => {
    expect(() => new VtyReplyParser().push(Buffer.from('HTTP\0/1.1'))).toThrow('is this a daemon of FRR?');
  });
});
