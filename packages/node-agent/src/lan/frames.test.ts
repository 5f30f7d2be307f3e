import { parseAddress, parsePrefix } from '@fairlead/api';
import {
  ALL_NODES,
  arpRequest,
  decodeFrame,
  encodeFrame,
  gratuitousArpReply,
  multicastMAC,
  solicitedNodeAddress,
} from '@fairlead/netlink';
import type { LanFrame } from '@fairlead/netlink';
import type { HeardContent, SentFrame } from '../election/protocol.ts';
import type { LocalSegment } from '../election/types.ts';
import { heardContent, toLanFrame } from './frames.ts';

const MAC = '02:00:00:00:00:01';
const OTHER = '02:00:00:00:00:02';
const OWN = parseAddress('10.0.0.1');
const LINK_LOCAL = parseAddress('fe80::1');
const IPV4 = parseAddress('10.0.0.50');
const IPV6 = parseAddress('2001:db8::50');

const SEGMENT: LocalSegment = {
  interface: { index: 2, name: 'eth0', mac: MAC },
  carrier: true,
  subnets: [parsePrefix('10.0.0.0/24'), parsePrefix('2001:db8::/64')],
  ownAddresses: [parseAddress('192.0.2.1'), OWN, parseAddress('2001:db8::1'), LINK_LOCAL],
  gateways: [],
  lans: [],
  adopted: [],
};

/** What the others understand of a frame that went over the wire. */
function understood(frame: SentFrame, segment = SEGMENT): { readonly content: HeardContent; readonly frame: LanFrame } {
  const sent = decodeFrame(encodeFrame(toLanFrame(frame, segment)));
  if (sent === undefined) {
    throw new Error('the frame is not valid');
  }
  return { content: heardContent(sent), frame: sent };
}

describe('a question', () => {
  test('with sender 0 is a probe, broadcast, and touches no cache', () => {
    const { content, frame } = understood({ type: 'question', about: IPV4, sender: 'none', to: 'all' });
    expect(content).toEqual({ type: 'question', about: IPV4, probe: true, unicast: false });
    expect(frame).toMatchObject({ kind: 'arp', destinationMAC: 'ff:ff:ff:ff:ff:ff', sourceMAC: MAC });
  });

  test('with our own address takes the one in the subnet of the address', () => {
    const { content } = understood({ type: 'question', about: IPV4, sender: 'own', to: 'group' });
    expect(content).toEqual({ type: 'question', about: IPV4, sender: OWN, probe: false, unicast: false });
  });

  test('to one MAC goes to that MAC alone, in both families', () => {
    for (const about of [IPV4, IPV6]) {
      const { content, frame } = understood({ type: 'question', about, sender: 'own', to: { mac: OTHER } });
      expect(content).toMatchObject({ type: 'question', about, probe: false, unicast: true });
      expect(frame.destinationMAC).toBe(OTHER);
    }
  });

  test('of IPv6 to all nodes comes from the link-local address, and is a probe to rivals', () => {
    const { content, frame } = understood({ type: 'question', about: IPV6, sender: 'none', to: 'all' });
    expect(content).toEqual({ type: 'question', about: IPV6, sender: LINK_LOCAL, probe: true, unicast: false });
    expect(frame).toMatchObject({ destination: ALL_NODES, destinationMAC: multicastMAC(ALL_NODES) });
  });

  test('of IPv6 to the group goes to the solicited-node address', () => {
    const { content, frame } = understood({ type: 'question', about: IPV6, sender: 'own', to: 'group' });
    expect(content).toMatchObject({ type: 'question', probe: false, unicast: false });
    expect(frame).toMatchObject({ destination: solicitedNodeAddress(IPV6) });
  });

  test('can only be a probe where the node has no address of its own', () => {
    const bare = { ...SEGMENT, ownAddresses: [] };
    expect(understood({ type: 'question', about: IPV4, sender: 'own', to: 'group' }, bare).content).toMatchObject({
      probe: true,
    });
    expect(understood({ type: 'question', about: IPV6, sender: 'own', to: 'all' }, bare).frame).toMatchObject({
      destination: solicitedNodeAddress(IPV6),
    });
  });
});

describe('an announcement', () => {
  test('is understood as one in every form', () => {
    for (const form of ['request', 'reply'] as const) {
      for (const about of [IPV4, IPV6]) {
        expect(understood({ type: 'announcement', about, form }).content).toEqual({
          type: 'announcement',
          about,
          mac: MAC,
        });
      }
    }
  });
});

describe('what others send', () => {
  const request = arpRequest({ mac: OTHER, sender: IPV4, address: OWN });

  test('an ARP reply to us is an answer, one to all an announcement', () => {
    const reply = { ...request, operation: 'reply' as const, targetMAC: MAC };
    expect(heardContent({ ...reply, destinationMAC: MAC })).toEqual({ type: 'answer', about: IPV4, mac: OTHER });
    expect(heardContent(reply)).toEqual({ type: 'announcement', about: IPV4, mac: OTHER });
  });

  test('a question tells whose address the asker uses', () => {
    expect(heardContent(request)).toEqual({ type: 'question', about: OWN, sender: IPV4, probe: false, unicast: false });
  });

  test('an advertisement is an answer where it was solicited, and names the MAC of the target', () => {
    const advertisement = {
      kind: 'neighbourAdvertisement' as const,
      sourceMAC: OTHER,
      destinationMAC: MAC,
      source: IPV6,
      destination: LINK_LOCAL,
      target: IPV6,
      router: true,
      solicited: true,
      override: true,
      targetLinkLayer: '02:00:00:00:00:09',
    };
    expect(heardContent(advertisement)).toEqual({ type: 'answer', about: IPV6, mac: '02:00:00:00:00:09' });
    expect(heardContent({ ...advertisement, solicited: false, targetLinkLayer: undefined })).toEqual({
      type: 'announcement',
      about: IPV6,
      mac: OTHER,
    });
  });
});

test('what a proxy says to a gratuitous request of ours is an answer, and no announcement', () => {
  const announced = gratuitousArpReply({ mac: '02:00:00:00:ee:01', address: parseAddress('10.0.0.9') });
  expect(heardContent({ ...announced, destinationMAC: '02:00:00:00:00:01' })).toMatchObject({ type: 'answer' });
  expect(heardContent(announced)).toMatchObject({ type: 'announcement' });
});
