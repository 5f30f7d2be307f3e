import { prefixContains, sameAddress } from '@fairlead/api';
import type { Address } from '@fairlead/api';
import {
  ALL_NODES,
  BROADCAST_MAC,
  arpProbe,
  arpRequest,
  gratuitousArpReply,
  gratuitousArpRequest,
  solicitation,
  unsolicitedNA,
} from '@fairlead/netlink';
import type { ArpFrame, LanFrame, NeighbourAdvertisement, NeighbourSolicitation } from '@fairlead/netlink';
import type { HeardContent, SentFrame } from '../election/protocol.ts';
import type { LocalSegment } from '../election/types.ts';

/** ARP and Neighbour Discovery as the election understands them, and back. */

/** What a frame says. */
export function heardContent(frame: LanFrame): HeardContent {
  switch (frame.kind) {
    case 'arp':
      return heardArp(frame);
    case 'neighbourSolicitation':
      return heardSolicitation(frame);
    default:
      return heardAdvertisement(frame);
  }
}

function heardArp(frame: ArpFrame): HeardContent {
  const { senderAddress, senderMAC, targetAddress, destinationMAC } = frame;
  const broadcast = destinationMAC === BROADCAST_MAC;
  const probe = isUnspecified(senderAddress);
  if (!probe && sameAddress(senderAddress, targetAddress)) {
    if (frame.operation === 'reply' && !broadcast) {
      // A proxy answers our gratuitous requests with their own addresses: that is no word of its own.
      return { type: 'answer', about: senderAddress, mac: senderMAC };
    }
    return { type: 'announcement', about: senderAddress, mac: senderMAC };
  }
  if (frame.operation === 'request') {
    const question = { type: 'question' as const, about: targetAddress, probe, unicast: !broadcast };
    return probe ? question : { ...question, sender: senderAddress };
  }
  if (probe) {
    return { type: 'other' };
  }
  return { type: broadcast ? 'announcement' : 'answer', about: senderAddress, mac: senderMAC };
}

function heardSolicitation(frame: NeighbourSolicitation): HeardContent {
  const { source, target, destination, destinationMAC } = frame;
  const anonymous = isUnspecified(source);
  const question = {
    type: 'question' as const,
    about: target,
    // RFC 4862 5.4.2 probes from `::`. Our nodes ask all nodes, which nobody does to resolve an address.
    probe: anonymous || sameAddress(destination, ALL_NODES),
    unicast: !destinationMAC.startsWith('33:33:'),
  };
  return anonymous ? question : { ...question, sender: source };
}

function heardAdvertisement(frame: NeighbourAdvertisement): HeardContent {
  const { target, targetLinkLayer, sourceMAC, solicited } = frame;
  return { type: solicited ? 'answer' : 'announcement', about: target, mac: targetLinkLayer ?? sourceMAC };
}

/** The frame on the wire. Without an address of its own the node can only probe. */
export function toLanFrame(frame: SentFrame, segment: LocalSegment): LanFrame {
  return frame.about.family === 'IPv4' ? arpFrame(frame, segment) : discoveryFrame(frame, segment);
}

function arpFrame(frame: SentFrame, segment: LocalSegment): LanFrame {
  const { mac } = segment.interface;
  const address = frame.about;
  if (frame.type === 'announcement') {
    const made = frame.form === 'reply' ? gratuitousArpReply({ mac, address }) : gratuitousArpRequest({ mac, address });
    return frame.to === undefined ? made : { ...made, destinationMAC: frame.to.mac };
  }
  const to = typeof frame.to === 'object' ? frame.to.mac : undefined;
  const sender = frame.sender === 'own' ? ownAddressFor(address, segment) : undefined;
  return sender === undefined
    ? { ...arpProbe({ mac, address }), destinationMAC: to ?? BROADCAST_MAC }
    : arpRequest({ mac, sender, address, to });
}

function discoveryFrame(frame: SentFrame, segment: LocalSegment): LanFrame {
  const { mac } = segment.interface;
  if (frame.type === 'announcement') {
    const made = unsolicitedNA({ mac, address: frame.about });
    return frame.to === undefined ? made : { ...made, destinationMAC: frame.to.mac };
  }
  const source = segment.ownAddresses.find(isLinkLocal) ?? ownAddressFor(frame.about, segment);
  if (source === undefined || frame.to === 'group') {
    return solicitation({ mac, source, target: frame.about, to: 'solicitedNode' });
  }
  return solicitation({
    mac,
    source,
    target: frame.about,
    to: frame.to === 'all' ? 'allNodes' : { mac: frame.to.mac },
  });
}

/** The node's own address in the subnet of the other one, else any of the family: switches judge questions by it. */
function ownAddressFor(address: Address, segment: LocalSegment): Address | undefined {
  const own = segment.ownAddresses.filter(({ family }) => family === address.family);
  const subnet = segment.subnets.find((candidate) => prefixContains(candidate, address));
  return own.find((candidate) => subnet !== undefined && prefixContains(subnet, candidate)) ?? own[0];
}

function isUnspecified(address: Address): boolean {
  return address.value === 0n;
}

function isLinkLocal(address: Address): boolean {
  return address.family === 'IPv6' && address.value >> 118n === 0x3fan;
}
