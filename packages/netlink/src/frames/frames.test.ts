import * as fc from 'fast-check';
import type { Address } from '../address.ts';
import { formatMAC } from '../mac.ts';
import { address } from '../testing/address.ts';
import { recordedFrame, recordedFrames } from '../testing/frames.ts';
import {
  arpProbe,
  arpRequest,
  gratuitousArpReply,
  gratuitousArpRequest,
  solicitation,
  unsolicitedNA,
} from './builders.ts';
import { decodeFrame, encodeFrame, FrameDecoder, FrameEncoder } from './codec.ts';
import type { LanFrame } from './frame.ts';

const mac = '02:00:00:00:00:01';
const other = '02:00:00:00:00:02';

function hex(frame: LanFrame): string {
  return encodeFrame(frame).toString('hex');
}

describe('builders, compared with what the kernel sends', () => {
  it('asks by ARP', () => {
    const frame = arpRequest({ mac, sender: address('192.0.2.1'), address: address('192.0.2.2') });
    expect(hex(frame)).toBe(recordedFrame('who-has 192.0.2.2 tell 192.0.2.1').toString('hex'));
  });

  it('announces by an ARP request', () => {
    const frame = gratuitousArpRequest({ mac, address: address('192.0.2.1') });
    expect(hex(frame)).toBe(recordedFrame('who-has 192.0.2.1 tell 192.0.2.1').toString('hex'));
  });

  it('asks the solicited-node group', () => {
    const source = address('2001:db8::1');
    const frame = solicitation({ mac, source, target: address('2001:db8::2'), to: 'solicitedNode' });
    expect(hex(frame)).toBe(recordedFrame('2001:db8::1 > ff02::1:ff00:2').toString('hex'));
  });

  it('announces an IPv6 address', () => {
    const frame = unsolicitedNA({ mac, address: address('2001:db8::1'), router: false });
    expect(hex(frame)).toBe(recordedFrame('2001:db8::1 > ff02::1: ').toString('hex'));
  });
});

describe('builders of frames that the kernel does not send by itself', () => {
  it('probes with sender 0, so that nobody writes it down', () => {
    expect(arpProbe({ mac, address: address('192.0.2.9') })).toMatchObject({
      operation: 'request',
      destinationMAC: 'ff:ff:ff:ff:ff:ff',
      senderMAC: mac,
      senderAddress: address('0.0.0.0'),
      targetMAC: '00:00:00:00:00:00',
      targetAddress: address('192.0.2.9'),
    });
  });

  it('asks one station alone', () => {
    const frame = arpRequest({ mac, sender: address('192.0.2.1'), address: address('192.0.2.9'), to: other });
    expect(decodeFrame(encodeFrame(frame))).toMatchObject({ destinationMAC: other, targetMAC: '00:00:00:00:00:00' });
  });

  it('announces by a reply whose two hardware addresses are alike, or Linux would wait out its locktime', () => {
    expect(gratuitousArpReply({ mac, address: address('192.0.2.9') })).toMatchObject({
      operation: 'reply',
      destinationMAC: 'ff:ff:ff:ff:ff:ff',
      senderMAC: mac,
      targetMAC: mac,
      senderAddress: address('192.0.2.9'),
      targetAddress: address('192.0.2.9'),
    });
  });

  it('solicits from everybody, with the link-local source that they answer', () => {
    const frame = solicitation({ mac, source: address('fe80::1'), target: address('2001:db8::9'), to: 'allNodes' });
    expect(frame).toMatchObject({
      destinationMAC: '33:33:00:00:00:01',
      destination: address('ff02::1'),
      sourceLinkLayer: mac,
    });
  });

  it('solicits from one station', () => {
    const frame = solicitation({ mac, source: address('fe80::1'), target: address('2001:db8::9'), to: { mac: other } });
    expect(frame).toMatchObject({ destinationMAC: other, destination: address('2001:db8::9') });
  });

  it('names no hardware address when it solicits from nowhere', () => {
    const frame = solicitation({ mac, target: address('2001:db8::9'), to: 'solicitedNode' });
    expect(frame).toMatchObject({
      source: address('::'),
      sourceLinkLayer: undefined,
      destinationMAC: '33:33:ff:00:00:09',
    });
    expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
  });

  it('advertises a node that forwards as a router, so that nobody drops it as one', () => {
    expect(unsolicitedNA({ mac, address: address('2001:db8::9') })).toMatchObject({
      router: true,
      override: true,
      solicited: false,
      destination: address('ff02::1'),
      targetLinkLayer: mac,
    });
  });
});

describe('decodeFrame', () => {
  it.each(recordedFrames())('reads what the kernel sent: $text', ({ text, bytes }) => {
    const frame = decodeFrame(bytes);
    const target = /(?:who-has|who has|tgt is|Reply) ([0-9a-f.:]+)/.exec(text)?.[1] ?? '';
    switch (frame?.kind) {
      case 'arp':
        expect(frame.operation === 'reply' ? frame.senderAddress : frame.targetAddress).toEqual(address(target));
        expect(frame.operation).toBe(text.includes('Reply') ? 'reply' : 'request');
        break;
      case 'neighbourSolicitation':
      case 'neighbourAdvertisement':
        expect(frame.target).toEqual(address(target));
        expect(frame.kind === 'neighbourSolicitation').toBe(text.includes('solicitation'));
        break;
      default:
        throw new Error('it was not read');
    }
  });

  it('reads the flags and the hardware address of an answer', () => {
    expect(decodeFrame(recordedFrame('2001:db8::2 > 2001:db8::1'))).toEqual({
      kind: 'neighbourAdvertisement',
      sourceMAC: other,
      destinationMAC: mac,
      source: address('2001:db8::2'),
      destination: address('2001:db8::1'),
      target: address('2001:db8::2'),
      router: false,
      solicited: true,
      override: true,
      targetLinkLayer: other,
    });
  });

  it('reads on behind the padding that Ethernet adds to short frames', () => {
    const padded = recordedFrames().map(({ bytes }) => Buffer.concat([bytes, Buffer.alloc(60)]));
    expect(padded.map(decodeFrame)).toEqual(recordedFrames().map(({ bytes }) => decodeFrame(bytes)));
  });

  const advertisement = recordedFrame('2001:db8::2 > 2001:db8::1');
  /** RFC 4861 7.1.2: each of these is a reason to drop it. A changed byte also breaks the checksum, except as noted. */
  it.each([
    ['came from behind a router', 21, 254],
    ['has a wrong checksum', 80, 0x21],
    ['is another ICMPv6 message', 54, 134],
    ['has a code', 55, 1],
    ['is no ICMPv6', 20, 17],
    ['is no IPv6', 14, 0x45],
    ['says to be longer than it is', 19, 64],
  ])('drops an advertisement that %s', (_, offset, value) => {
    const bytes = Buffer.from(advertisement);
    bytes[offset] = value;
    expect(decodeFrame(bytes)).toBeUndefined();
  });

  const answer: LanFrame = {
    kind: 'neighbourAdvertisement',
    sourceMAC: other,
    destinationMAC: mac,
    source: address('2001:db8::2'),
    destination: address('2001:db8::1'),
    target: address('2001:db8::2'),
    router: false,
    solicited: true,
    override: true,
    targetLinkLayer: other,
  };
  const question = solicitation({ mac, target: address('2001:db8::9'), to: 'solicitedNode' });
  it.each<[string, LanFrame]>([
    ['is about a group', { ...answer, target: address('ff02::1') }],
    ['answers nobody', { ...answer, destination: address('ff02::1') }],
    ['asks everybody from nowhere', { ...question, destination: address('ff02::1') }],
    ['asks from nowhere with a hardware address', { ...question, sourceLinkLayer: mac }],
  ])('drops one whose checksum is right, but that %s', (_, frame) => {
    expect(decodeFrame(encodeFrame(answer))).toEqual(answer);
    expect(decodeFrame(encodeFrame(frame))).toBeUndefined();
  });

  it.each([
    ['another hardware', 15, 6],
    ['another protocol', 16, 0x86],
    ['another operation', 21, 3],
  ])('drops ARP for %s', (_, offset, value) => {
    const bytes = Buffer.from(recordedFrame('Reply'));
    bytes[offset] = value;
    expect(decodeFrame(bytes)).toBeUndefined();
  });
});

describe('frame codec', () => {
  const mac48 = fc.uint8Array({ minLength: 6, maxLength: 6 }).map(formatMAC);
  const ipv4 = fc.bigInt({ min: 0n, max: 0xffff_ffffn }).map((value): Address => ({ family: 'IPv4', value }));
  /** Unicast, so that nothing contradicts. */
  const ipv6 = fc
    .bigInt({ min: 1n << 125n, max: (1n << 126n) - 1n })
    .map((value): Address => ({ family: 'IPv6', value }));

  it('reads back every ARP frame', () => {
    const frames = fc.record({
      kind: fc.constant('arp' as const),
      sourceMAC: mac48,
      destinationMAC: mac48,
      operation: fc.constantFrom('request' as const, 'reply' as const),
      senderMAC: mac48,
      senderAddress: ipv4,
      targetMAC: mac48,
      targetAddress: ipv4,
    });
    fc.assert(fc.property(frames, (frame) => expect(decodeFrame(encodeFrame(frame))).toEqual(frame)));
  });

  it('reads back every solicitation and advertisement', () => {
    const common = { sourceMAC: mac48, destinationMAC: mac48, source: ipv6, destination: ipv6, target: ipv6 };
    const linkLayer = fc.option(mac48, { nil: undefined });
    const frames = fc.oneof(
      fc.record({ kind: fc.constant('neighbourSolicitation' as const), ...common, sourceLinkLayer: linkLayer }),
      fc.record({
        kind: fc.constant('neighbourAdvertisement' as const),
        ...common,
        router: fc.boolean(),
        solicited: fc.boolean(),
        override: fc.boolean(),
        targetLinkLayer: linkLayer,
      }),
    );
    fc.assert(fc.property(frames, (frame) => expect(decodeFrame(encodeFrame(frame))).toEqual(frame)));
  });

  it('survives any bytes, and damaged frames', () => {
    const recorded = recordedFrames().map(({ bytes }) => bytes);
    const damaged = fc
      .tuple(fc.constantFrom(...recorded), fc.nat({ max: 100 }), fc.nat({ max: 255 }), fc.nat({ max: 100 }))
      .map(([frame, offset, value, length]) => {
        const bytes = Buffer.from(frame);
        bytes[offset % bytes.length] = value;
        return bytes.subarray(0, length);
      });
    const any = fc.uint8Array({ maxLength: 128 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(any, damaged), (bytes) => {
        expect(() => decodeFrame(bytes)).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });
});

function numbered(number: number): LanFrame {
  return arpRequest({ mac, sender: address('192.0.2.1'), address: address(`192.0.${number >> 8}.${number & 0xff}`) });
}

describe('what is said over and over', () => {
  it('to one station is made once for each object', () => {
    const encoder = new FrameEncoder();
    const frame = { ...numbered(2), destinationMAC: other };
    expect(encoder.encode(frame)).toEqual(encodeFrame(frame));
    expect(encoder.encode(frame)).toBe(encoder.encode(frame));
    expect(encoder.encode({ ...frame })).not.toBe(encoder.encode(frame));
  });

  it('to all is made each time', () => {
    const encoder = new FrameEncoder();
    const frame = numbered(2);
    expect(encoder.encode(frame)).toEqual(encodeFrame(frame));
    expect(encoder.encode(frame)).not.toBe(encoder.encode(frame));
  });

  it('is read once, whatever else comes in between, and in other memory', () => {
    const decoder = new FrameDecoder();
    const first = decoder.decode(encodeFrame(numbered(0)));
    expect(first).toEqual(numbered(0));
    expect(decoder.decode(encodeFrame(numbered(0)))).toBe(first);
    for (let number = 1; number < 1000; number += 1) {
      expect(decoder.decode(encodeFrame(numbered(number)))).toEqual(numbered(number));
    }
    expect(decoder.decode(encodeFrame(numbered(0)))).toEqual(first);
  });

  it('is nothing the second time where it was nothing the first time', () => {
    const decoder = new FrameDecoder();
    const bytes = encodeFrame(numbered(0)).subarray(0, 20);
    expect(decoder.decode(bytes)).toBeUndefined();
    expect(decoder.decode(bytes)).toBeUndefined();
  });
});
