import { expect, test } from '@jest/globals';
import { parseBgpFrame } from './bgp-message.ts';

const NODE = '02:00:00:00:01:01';

function message(type: number, body = 0): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(16, 0xff), Buffer.from([0, 19 + body, type]), Buffer.alloc(body, 7)]);
  return bytes;
}

/** An Ethernet frame from {@link NODE} with this TCP payload. */
function frame(payload: Buffer, family: 4 | 6 = 4): Buffer {
  const tcp = Buffer.alloc(32);
  tcp.writeUInt8(8 << 4, 12); // with 12 bytes of options
  const segment = Buffer.concat([tcp, payload]);
  const ip = family === 4 ? Buffer.alloc(20) : Buffer.alloc(40);
  if (family === 4) {
    ip.writeUInt8(0x45, 0);
    ip.writeUInt16BE(20 + segment.length, 2);
  } else {
    ip.writeUInt8(0x60, 0);
    ip.writeUInt16BE(segment.length, 4);
  }
  const ethernet = Buffer.from(`020000000001020000000101${family === 4 ? '0800' : '86dd'}`, 'hex');
  return Buffer.concat([ethernet, ip, segment]);
}

function typesOf(payload: Buffer, family?: 4 | 6): string[] {
  return parseBgpFrame(5, frame(payload, family)).map(({ type }) => type);
}

test('a frame tells who sent which messages, several in one segment included', () => {
  expect(parseBgpFrame(5, frame(message(4)))).toEqual([{ at: 5, sourceMac: NODE, type: 'keepalive' }]);
  expect(typesOf(Buffer.concat([message(1, 10), message(2, 40), message(3, 2)]))).toEqual([
    'open',
    'update',
    'notification',
  ]);
  expect(typesOf(message(2, 4), 6)).toEqual(['update']);
});

test('a segment without a payload, and one that goes on with an older message, hold none of their own', () => {
  expect(typesOf(Buffer.alloc(0))).toEqual([]);
  expect(typesOf(Buffer.alloc(300, 7))).toEqual([]);
  expect(typesOf(Buffer.concat([Buffer.alloc(300, 7), message(4)]))).toEqual(['keepalive']);
  expect(typesOf(message(2, 40).subarray(0, 30))).toEqual(['update']);
});
