import type { Address } from '../address.ts';
import { ALL_NODES, BROADCAST_MAC, multicastMAC, solicitedNodeAddress } from '../mac.ts';
import type { ArpFrame, NeighbourAdvertisement, NeighbourSolicitation } from './frame.ts';

/** The target hardware address of a question: nobody knows it yet. */
const UNKNOWN_MAC = '00:00:00:00:00:00';

const NO_IPV4: Address = { family: 'IPv4', value: 0n };
const NO_IPV6: Address = { family: 'IPv6', value: 0n };

/** Asks who has an IPv4 address without writing anything into others' tables: sender 0.0.0.0 (RFC 5227 2.1.1). */
export function arpProbe(options: { readonly mac: string; readonly address: Address }): ArpFrame {
  return arpRequest({ ...options, sender: NO_IPV4 });
}

/**
 * Asks who has an IPv4 address.
 * @param options.mac our own hardware address
 * @param options.sender our own address on this LAN
 * @param options.to the hardware address to ask alone. Default: broadcast
 */
export function arpRequest(options: {
  readonly mac: string;
  readonly sender: Address;
  readonly address: Address;
  readonly to?: string | undefined;
}): ArpFrame {
  const { mac, sender, address, to } = options;
  return {
    kind: 'arp',
    operation: 'request',
    sourceMAC: mac,
    destinationMAC: to ?? BROADCAST_MAC,
    senderMAC: mac,
    senderAddress: sender,
    targetMAC: UNKNOWN_MAC,
    targetAddress: address,
  };
}

/** Tells the LAN that an IPv4 address is here, as a request with sender and target alike (RFC 5227 2.3). */
export function gratuitousArpRequest(options: { readonly mac: string; readonly address: Address }): ArpFrame {
  return arpRequest({ ...options, sender: options.address });
}

/**
 * Tells the LAN that an IPv4 address is here, as a reply. The target hardware address is the sender's: Linux takes it
 * for gratuitous only then, and otherwise keeps what it knows for `locktime`, one second (net/ipv4/arp.c arp_is_garp).
 */
export function gratuitousArpReply(options: { readonly mac: string; readonly address: Address }): ArpFrame {
  const { mac, address } = options;
  return { ...gratuitousArpRequest({ mac, address }), operation: 'reply', targetMAC: mac };
}

/** Whom a solicitation asks: the holder's group, everybody (so that rivals hear it too), or one station. */
export type SolicitationTarget = 'solicitedNode' | 'allNodes' | { readonly mac: string };

/**
 * Asks who has an IPv6 address.
 * @param options.source our link-local address; absent: `::`, which works with `to: 'solicitedNode'` only (RFC 4861 7.1.1)
 */
export function solicitation(options: {
  readonly mac: string;
  readonly source?: Address | undefined;
  readonly target: Address;
  readonly to: SolicitationTarget;
}): NeighbourSolicitation {
  const { mac, source, target, to } = options;
  return {
    kind: 'neighbourSolicitation',
    sourceMAC: mac,
    source: source ?? NO_IPV6,
    target,
    sourceLinkLayer: source === undefined ? undefined : mac,
    ...destinationOf(to, target),
  };
}

function destinationOf(
  to: SolicitationTarget,
  target: Address,
): { readonly destination: Address; readonly destinationMAC: string } {
  switch (to) {
    case 'solicitedNode': {
      const group = solicitedNodeAddress(target);
      return { destination: group, destinationMAC: multicastMAC(group) };
    }
    case 'allNodes':
      return { destination: ALL_NODES, destinationMAC: multicastMAC(ALL_NODES) };
    default:
      return { destination: target, destinationMAC: to.mac };
  }
}

/**
 * Tells every node of the LAN that an IPv6 address is here now: override set, so that they replace what they know
 * (RFC 4861 7.2.6).
 * @param options.router whether this node forwards IPv6. Default: true, as a Kubernetes node does
 */
export function unsolicitedNA(options: {
  readonly mac: string;
  readonly address: Address;
  readonly router?: boolean | undefined;
}): NeighbourAdvertisement {
  const { mac, address, router = true } = options;
  return {
    kind: 'neighbourAdvertisement',
    sourceMAC: mac,
    destinationMAC: multicastMAC(ALL_NODES),
    source: address,
    destination: ALL_NODES,
    target: address,
    router,
    solicited: false,
    override: true,
    targetLinkLayer: mac,
  };
}
