import { describe, expect, test } from '@jest/globals';
import { claimant, parseLanFrame } from './lan-frame.ts';
import { PcapReader } from './pcap.ts';
import { covers } from './prefix.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(/\s+/g, ''), 'hex');

/** ARP reply form of a gratuitous announcement (RFC 5227 3) of 192.0.2.50 from 02:00:00:00:01:01. */
const GRATUITOUS = hex(`ffffffffffff 020000000101 0806
  0001 0800 06 04 0002 020000000101 c0000232 020000000101 c0000232`);

/** Unsolicited advertisement (RFC 4861 7.2.6) of fd00:20::64:0 to all nodes, with override and the target's MAC. */
const ADVERTISEMENT = hex(`333300000001 020000000103 86dd
  60000000 0020 3a ff fe800000000000000000 00fffe000103 ff020000000000000000 000000000001
  88 00 0000 20000000 fd000020000000000000 000000640000 02 01 020000000103`);

describe('frames of the LAN', () => {
  test('an ARP announcement', () => {
    const event = parseLanFrame(1, GRATUITOUS);
    expect(event).toEqual({
      at: 1,
      type: 'arp',
      operation: 'reply',
      destinationMac: 'ff:ff:ff:ff:ff:ff',
      sourceMac: '02:00:00:00:01:01',
      senderMac: '02:00:00:00:01:01',
      senderAddress: '192.0.2.50',
      targetMac: '02:00:00:00:01:01',
      targetAddress: '192.0.2.50',
    });
    expect(event && claimant(event, '192.0.2.50')).toBe('02:00:00:00:01:01');
    expect(event && claimant(event, '192.0.2.51')).toBeUndefined();
  });

  test('an unsolicited neighbour advertisement', () => {
    const event = parseLanFrame(1, ADVERTISEMENT);
    expect(event).toMatchObject({
      type: 'advertisement',
      source: 'fe80::ff:fe00:103',
      destination: 'ff02::1',
      target: 'fd00:20::64:0',
      targetMac: '02:00:00:00:01:03',
      router: false,
      solicited: false,
      override: true,
    });
    expect(event && claimant(event, 'fd00:20::64:0')).toBe('02:00:00:00:01:03');
  });

  test('a probe (sender 0) claims nothing; other frames are nothing', () => {
    const probe = Buffer.from(GRATUITOUS);
    probe.fill(0, 28, 32);
    const event = parseLanFrame(1, probe);
    expect(event && claimant(event, '192.0.2.50')).toBeUndefined();
    expect(parseLanFrame(1, Buffer.alloc(60))).toBeUndefined();
    expect(parseLanFrame(1, GRATUITOUS.subarray(0, 30))).toBeUndefined();
    expect(parseLanFrame(1, ADVERTISEMENT.subarray(0, 70))).toBeUndefined();
  });
});

describe('a pcap stream', () => {
  const header = hex('4d3cb2a1 0200 0400 00000000 00000000 00000400 01000000');
  const packet = Buffer.concat([hex('01000000 40420f00 2a000000 2a000000'), GRATUITOUS]);

  test('is read in pieces of any size', () => {
    const stream = Buffer.concat([header, packet, packet]);
    for (const size of [1, 7, stream.length]) {
      const reader = new PcapReader();
      const frames = [];
      for (let at = 0; at < stream.length; at += size) frames.push(...reader.push(stream.subarray(at, at + size)));
      expect(frames).toEqual([
        { at: 1001, bytes: GRATUITOUS },
        { at: 1001, bytes: GRATUITOUS },
      ]);
    }
  });

  test('has started with its header, and nothing else passes for one', () => {
    const reader = new PcapReader();
    reader.push(header.subarray(0, 23));
    expect(reader.started).toBe(false);
    reader.push(header.subarray(23));
    expect(reader.started).toBe(true);
    expect(() => new PcapReader().push(Buffer.alloc(24))).toThrow(/not a pcap stream/);
  });
});

test('which destinations of ip route cover an address', () => {
  expect(covers('10.99.0.0/24', '10.99.0.7')).toBe(true);
  expect(covers('10.99.0.7', '10.99.0.7')).toBe(true);
  expect(covers('10.99.1.0/24', '10.99.0.7')).toBe(false);
  expect(covers('fd00:99::/64', 'fd00:99::7')).toBe(true);
  expect(covers('fd00:99::/64', '10.99.0.7')).toBe(false);
  expect(covers('default', 'fd00:99::7')).toBe(true);
});
