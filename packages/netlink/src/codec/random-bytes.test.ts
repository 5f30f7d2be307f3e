import * as fc from 'fast-check';
import { DecodeError } from '../errors.ts';
import { decodeEvent } from '../event.ts';
import { capturedSteps } from '../testing/capture.ts';
import { decodeDone, decodeError, encodeMessage, messages } from './message.ts';

/** Reads a datagram in every way that it could be read; counts what could. */
function readEverything(bytes: Buffer): number {
  let read = 0;
  for (const decode of [decodeEvent, decodeError, decodeDone]) {
    try {
      for (const message of messages(bytes)) {
        decode(message);
        read++;
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) {
        throw error;
      }
    }
  }
  return read;
}

const recorded = capturedSteps()
  .flatMap(({ received }) => received)
  .map((text) => Buffer.from(text, 'hex'));

describe('bytes that are no netlink message', () => {
  it('end in a DecodeError at the most', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 512 }), (bytes) => {
        expect(() => readEverything(Buffer.from(bytes))).not.toThrow();
      }),
    );
  });

  it('end in a DecodeError at the most, behind a header that is right', () => {
    const types = fc.constantFrom(2, 3, 16, 17, 20, 21, 24, 25, 28, 29);
    fc.assert(
      fc.property(
        types,
        fc.integer({ min: 0, max: 0xffff }),
        fc.uint8Array({ maxLength: 256 }),
        (type, flags, body) => {
          expect(() => readEverything(encodeMessage({ type, flags, sequence: 1, body }))).not.toThrow();
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('end in a DecodeError at the most, where a recorded datagram is damaged', () => {
    const damage = fc.array(fc.tuple(fc.nat({ max: 4096 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.constantFrom(...recorded), damage, fc.nat({ max: 4096 }), (datagram, changes, cut) => {
        const bytes = Buffer.from(datagram);
        for (const [offset, value] of changes) {
          bytes[offset % bytes.length] = value;
        }
        const damaged = bytes.subarray(0, cut % 3 === 0 ? cut % bytes.length : bytes.length);
        expect(() => readEverything(damaged)).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });

  it('is a test that reads undamaged datagrams', () => {
    expect(recorded.map(readEverything).every((count) => count > 0)).toBe(true);
  });
});
