import type { Address } from '../address.ts';

/** What every frame has: the Ethernet header's addresses, as text. */
interface EthernetFrame {
  readonly sourceMAC: string;
  readonly destinationMAC: string;
}

/** An ARP packet for IPv4 on Ethernet (RFC 826). */
export interface ArpFrame extends EthernetFrame {
  readonly kind: 'arp';
  readonly operation: 'request' | 'reply';
  readonly senderMAC: string;
  /** 0.0.0.0 in a probe (RFC 5227 1.1). */
  readonly senderAddress: Address;
  readonly targetMAC: string;
  readonly targetAddress: Address;
}

interface NeighbourDiscoveryFrame extends EthernetFrame {
  readonly source: Address;
  readonly destination: Address;
  /** The address that it is about. */
  readonly target: Address;
}

/** "Who has the target?" (RFC 4861 4.3). */
export interface NeighbourSolicitation extends NeighbourDiscoveryFrame {
  readonly kind: 'neighbourSolicitation';
  /** Option 1; absent when the source is `::`. */
  readonly sourceLinkLayer?: string | undefined;
}

/** "The target is at this hardware address" (RFC 4861 4.4). */
export interface NeighbourAdvertisement extends NeighbourDiscoveryFrame {
  readonly kind: 'neighbourAdvertisement';
  readonly router: boolean;
  readonly solicited: boolean;
  readonly override: boolean;
  /** Option 2. */
  readonly targetLinkLayer?: string | undefined;
}

/** The frames that tell who has an address. */
export type LanFrame = ArpFrame | NeighbourSolicitation | NeighbourAdvertisement;

/** Bytes of an Ethernet header: destination, source, type. */
export const ETHERNET_HEADER = 14;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_IPV6 = 0x86dd;
