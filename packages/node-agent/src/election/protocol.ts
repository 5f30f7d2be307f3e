import type { Address } from '@fairlead/api';
import type { Candidate, Claim, HolderEvent, LocalView, LocalSegment, MAC } from './types.ts';

/**
 * What the election of one LAN segment hears and says. ARP and Neighbour Discovery mean the same here: a question who
 * has an address, an answer to it, and an announcement that nobody asked for.
 */

/** A frame that came in on the interface from another station. */
export interface HeardFrame {
  /** When the kernel received it, on the clock of the events. */
  readonly at: number;
  /** Ethernet source. */
  readonly source: MAC;
  readonly content: HeardContent;
}

export type HeardContent =
  | {
      readonly type: 'question';
      /** The address asked for. */
      readonly about: Address;
      /** The address that the asker says is its own; absent in a probe (sender 0, source `::`). */
      readonly sender?: Address;
      /** An RFC 5227 probe, or its IPv6 kin: a solicitation to all nodes, or from `::`. */
      readonly probe: boolean;
      /** Sent to the MAC of this interface alone. */
      readonly unicast: boolean;
    }
  /** Somebody says, asked by us, that the address is at `mac`. May come from a proxy. */
  | { readonly type: 'answer'; readonly about: Address; readonly mac: MAC }
  /** Somebody tells all that the address is at `mac`. */
  | { readonly type: 'announcement'; readonly about: Address; readonly mac: MAC }
  /** Anything else: a sign of life of the LAN. */
  | { readonly type: 'other' };

export type Destination = { readonly mac: MAC } | 'all' | 'group';

/** A frame to send. */
export type SentFrame =
  | {
      readonly type: 'question';
      readonly about: Address;
      /** `none`: sender 0 for ARP (IPv6 asks from the link-local address either way); `own`: an address of the node. */
      readonly sender: 'none' | 'own';
      /** A MAC, every station, or for IPv6 the solicited-node group (for IPv4 the same as every station). */
      readonly to: Destination;
    }
  | {
      readonly type: 'announcement';
      readonly about: Address;
      readonly form: 'request' | 'reply';
      /** To that MAC alone: switches that suppress ARP let no announcement to all through. */
      readonly to?: { readonly mac: MAC };
    };

/** What the election of a segment knows of the world but for candidates and claims. */
export interface SegmentView extends Omit<LocalView, 'segments'> {
  readonly segment: LocalSegment;
}

export type ElectionEvent =
  | { readonly type: 'view'; readonly view: SegmentView }
  | { readonly type: 'candidate'; readonly candidate: Candidate }
  | { readonly type: 'candidate-gone'; readonly address: Address }
  /** The claim as the API server has it now; absent where there is none. */
  | { readonly type: 'claim'; readonly address: Address; readonly claim?: Claim }
  /** How the acceptance of a planned move ended; `accepted` only where this node's write won. */
  | { readonly type: 'move'; readonly address: Address; readonly accepted: boolean }
  | { readonly type: 'frame'; readonly frame: HeardFrame }
  /** The time that {@link Election.nextDeadline} gave has come. `drained`: every frame received until now was heard. */
  | { readonly type: 'timer'; readonly drained: boolean }
  /**
   * A Lease that a `read-lease` asked for.
   * `renewed`: whatever changes with each renewal, empty where there is no Lease; absent where it cannot be read.
   */
  | { readonly type: 'lease'; readonly node: string; readonly renewed?: string }
  /** The cable goes to another place (a bond chose another port): others may have to hear of this node. */
  | { readonly type: 'rewired' }
  /** The kernel has answered an `add` or a `remove`. */
  | { readonly type: 'kernel'; readonly address: Address; readonly operation: 'add' | 'remove'; readonly done: boolean }
  /** The kernel has lost an address that was held. */
  | { readonly type: 'gone'; readonly address: Address };

export type Effect =
  | { readonly type: 'send'; readonly frame: SentFrame }
  | { readonly type: 'add'; readonly address: Address }
  | { readonly type: 'remove'; readonly address: Address }
  /** Record this node as the holder, with the successor that it asks for. Replaces an earlier wish for the address. */
  | { readonly type: 'claim'; readonly address: Address; readonly successor?: string; readonly move?: string }
  /** Take over what another holder offers: one write against a live read, answered by a `move` event. */
  | { readonly type: 'accept'; readonly address: Address; readonly from: string }
  /** Read the Lease of that node's agent, answered by a `lease` event. */
  | { readonly type: 'read-lease'; readonly node: string }
  /** {@link Election.proxied} is another one. */
  | { readonly type: 'proxied' }
  | { readonly type: 'event'; readonly event: HolderEvent };
