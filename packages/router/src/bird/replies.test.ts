import * as fc from 'fast-check';
import { ReplyError, ReplyParser, replyText } from './replies.ts';

/** As BIRD 2.0.12 sends it. */
const STREAM = [
  '0001 BIRD 2.0.12 ready.',
  '1000-BIRD 2.0.12',
  '1011-Router ID is 192.0.2.1',
  ' Hostname is node-ü',
  '+a message of the log',
  ' Last reboot on 2026-11-21 11:24:42.571',
  '0013 Daemon is up and running',
  '0002-Reading configuration from /run/fairlead/router/bird.conf',
  '8002 /run/fairlead/router/bird.conf:12:18 syntax error, unexpected BGP',
  '0000 ',
  '9001 syntax error, unexpected CF_SYM_UNDEFINED',
  '',
].join('\n');

const REPLIES = [
  { code: 1, lines: [{ code: 1, text: 'BIRD 2.0.12 ready.' }] },
  {
    code: 13,
    lines: [
      { code: 1000, text: 'BIRD 2.0.12' },
      { code: 1011, text: 'Router ID is 192.0.2.1' },
      { code: 1011, text: 'Hostname is node-ü' },
      { code: 1011, text: 'Last reboot on 2026-11-21 11:24:42.571' },
      { code: 13, text: 'Daemon is up and running' },
    ],
  },
  {
    code: 8002,
    lines: [
      { code: 2, text: 'Reading configuration from /run/fairlead/router/bird.conf' },
      { code: 8002, text: '/run/fairlead/router/bird.conf:12:18 syntax error, unexpected BGP' },
    ],
  },
  { code: 0, lines: [{ code: 0, text: '' }] },
  { code: 9001, lines: [{ code: 9001, text: 'syntax error, unexpected CF_SYM_UNDEFINED' }] },
];

describe('ReplyParser', () => {
  it('reads replies however the stream is cut, in the middle of a character too', () => {
    const bytes = new TextEncoder().encode(STREAM);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: bytes.length }), { maxLength: 40 }), (cuts) => {
        const parser = new ReplyParser();
        const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const replies = edges.slice(1).flatMap((end, index) => parser.push(bytes.subarray(edges[index], end)));
        expect(replies).toEqual(REPLIES);
      }),
    );
  });

  it('says in one line what a reply says', () => {
    const replies = new ReplyParser().push(new TextEncoder().encode(STREAM));
    expect(replies.map(replyText)[2]).toMatch(/^Reading configuration from .*; .*unexpected BGP$/);
  });

  it.each(['HTTP/1.1 400 Bad Request\n', ' text without a code\n', '12-too short\n'])('refuses %j', (text) => {
    expect(() => new ReplyParser().push(new TextEncoder().encode(text))).toThrow(ReplyError);
  });

  it('never fails otherwise on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          new ReplyParser().push(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ReplyError);
        }
      }),
    );
  });

  it('ends a reply that has no end', () => {
    const parser = new ReplyParser();
    const chunk = new TextEncoder().encode(`1007-${'x'.repeat(1024 * 1024)}\n`);
    expect(() => {
      for (let count = 0; count < 20; count += 1) {
        parser.push(chunk);
      }
    }).toThrow(/longer than/);
  });
});
