import type { Address, Prefix } from '@fairlead/api';

/**
 * What the agent tells the holder of local addresses, and what it gets back. Everything here is a plain value; nothing
 * in this folder reads a clock, a socket or the API server.
 */

/** A MAC address as six lower-case pairs with colons, such as `02:00:00:00:00:01`. */
export type MAC = string;

/** An interface of this node that carries local addresses, with what the kernel and the LAN say about it. */
export interface LocalSegment {
  readonly interface: { readonly index: number; readonly name: string; readonly mac: MAC };
  /** Whether frames can pass (IFF_UP and IFF_LOWER_UP). */
  readonly carrier: boolean;
  /** What is on-link there: the prefixes of the interface's own addresses and its on-link routes. */
  readonly subnets: readonly Prefix[];
  /** The node's own addresses on the interface, link-local ones included, none that is ours. Senders of questions. */
  readonly ownAddresses: readonly Address[];
  /** Next hops of the default routes through the interface: asked for a sign of life where the LAN is quiet. */
  readonly gateways: readonly Address[];
  /** Names of the LAN objects that the interface is part of: which peers are neighbours, and labels of claims. */
  readonly lans: readonly string[];
  /**
   * Addresses with our mark that the kernel has on this interface. Read when the segment is first seen: they are held
   * from then on, without a proof and without a move. Later values are ignored; say {@link Holder.addressGone} instead.
   */
  readonly adopted: readonly Address[];
}

/** What the ServiceGroup of an address says of disputes about it (`announce`). */
export interface HolderPolicy {
  /** What the holder does when a station that is no node of ours starts to use it. */
  readonly onConflict: 'Defend' | 'Yield';
  /** Whether it is also taken from a node that answers for it and whose agent is gone. */
  readonly takeOver: 'WhenSilent' | 'Force';
  /** How long a node that is preferred more has to be fit before it gets the address; undefined: never. In ms. */
  readonly takeBackMs?: number | undefined;
}

/** The defaults of a ServiceGroup. */
export const DEFAULT_HOLDER_POLICY: HolderPolicy = { onConflict: 'Defend', takeOver: 'WhenSilent' };

/** An address that this node could hold. */
export interface Candidate {
  readonly address: Address;
  /** Index of the interface whose subnet contains it. */
  readonly interfaceIndex: number;
  /** `namespace/name` of each Service that has it. */
  readonly services: readonly string[];
  /**
   * Every node that may hold it (selectors, ready endpoints under `externalTrafficPolicy: Local`), this one included
   * where it may, by name, with the weight that `preferredNodes` give it there: the highest weight first, equal weights
   * by hash. Excluded nodes are in it and rank last. Share one map among the addresses of a group.
   */
  readonly preferences: ReadonlyMap<string, number>;
  /**
   * Whether this node may take it, or go on holding it, now (a ready endpoint, a good data path). A holder that is not
   * eligible looks for a successor and keeps the address until that one has announced, or for as long as there is none.
   */
  readonly eligible: boolean;
  /**
   * Selectors or interfaces no longer let this node have it: where it is held it goes to a successor, and where there is
   * none it is withdrawn. Default: false.
   */
  readonly barred?: boolean;
  /** Default: {@link DEFAULT_HOLDER_POLICY}. */
  readonly policy?: HolderPolicy;
}

/** Another node with a local interface on a LAN of this node, as its LBNodeStatus has it. */
export interface Peer {
  readonly node: string;
  /** It hands over and ranks last: excluded by label, drained, or NetworkUnavailable for 30 s. */
  readonly excluded: boolean;
  /** Its kernel answers no ARP: that it is silent says nothing, so it is watched by IPv6 alone. Default: false. */
  readonly deaf?: boolean;
  readonly interfaces: readonly PeerInterface[];
}

/** A local interface of a peer. */
export interface PeerInterface {
  readonly mac: MAC;
  /** Its own addresses there, the IPv6 link-local one included. */
  readonly addresses: readonly Address[];
  /** Names of the LAN objects that it is part of. */
  readonly lans: readonly string[];
}

/** The part of LBNodeAgent that concerns local addresses. Times in milliseconds. */
export interface HolderSettings {
  readonly announcements: { readonly count: number; readonly intervalMs: number };
  readonly failover: { readonly intervalMs: number; readonly misses: number };
}

/** The defaults of LBNodeAgent. */
export const DEFAULT_HOLDER_SETTINGS: HolderSettings = {
  announcements: { count: 5, intervalMs: 500 },
  failover: { intervalMs: 100, misses: 3 },
};

/** Everything but the candidates, which come one by one: what changes seldom. */
export interface LocalView {
  /**
   * True once peers, LANs and Services are complete (synced, or read from the state file). Before that nothing is taken
   * and nothing is withdrawn; what was adopted is held and watched.
   */
  readonly ready: boolean;
  /**
   * True while this goes by what a past life wrote down, which may be a moment older than its last acts: addresses that
   * no Service seems to need are then kept. Default: false.
   */
  readonly remembered?: boolean;
  /** Whether this node is to hand over and ranks last. */
  readonly excluded: boolean;
  readonly segments: readonly LocalSegment[];
  /** All peers; which of them is on which segment follows from the names of the LANs. */
  readonly peers: readonly Peer[];
  readonly settings: HolderSettings;
}

/** The claim of a local address: the Lease that records who holds it. */
export interface Claim {
  readonly address: Address;
  /** Name of the node; empty when nobody does. */
  readonly holder: string;
  readonly interface?: string;
  readonly mac?: MAC;
  /** Node that the holder asks to take over. */
  readonly successor?: string;
  /** Why the holder asks. */
  readonly move?: string;
}

/** A local address on this node. */
export interface HeldAddress {
  readonly address: Address;
  readonly interfaceIndex: number;
  readonly services: readonly string[];
  /** Milliseconds since 1970 at which the kernel had it, or at which it was adopted. */
  readonly since: number;
}

/** An address and the interface that it is put on or taken from. */
export interface LocalAddress {
  readonly address: Address;
  readonly interfaceIndex: number;
}

/** What happened to a local address, for events, logs and metrics. */
export type HolderEvent = LocalAddress & { readonly services: readonly string[] } & (
    | { readonly type: 'announced' }
    | { readonly type: 'withdrawn'; readonly reason: WithdrawReason }
    /** A station that is no node of ours uses the address. */
    | { readonly type: 'conflict'; readonly mac: MAC; readonly held: boolean }
    /** This node should hand over and there is nobody to take it. */
    | { readonly type: 'no-successor' }
    /** The other node that has it answers on the LAN, and its agent has been gone for a while. */
    | { readonly type: 'holder-unfit'; readonly node: string }
  );

/** Why an address was taken off the interface. */
export type WithdrawReason =
  /** No Service here needs it any more, or no selector allows this node. */
  | 'unwanted'
  /** Another node holds it as well and ranks higher. */
  | 'two-holders'
  /** The successor has announced it. */
  | 'moved'
  /** A station that is no node of ours answered just after it was taken. */
  | 'conflict'
  /** Someone else removed it from the kernel. */
  | 'gone';

/** What the holder asks of the agent: the kernel, and somewhere to say what happened. */
export interface HolderHooks {
  /**
   * Puts the addresses on their interfaces (/32 or /128, our mark, `nodad`). Resolves when the kernel has answered for
   * all, in order: true where it is there with our mark.
   */
  add(addresses: readonly LocalAddress[]): Promise<readonly boolean[]>;
  /** Takes them off; one that is not there counts as done. False: still there. */
  remove(addresses: readonly LocalAddress[]): Promise<readonly boolean[]>;
  /** Must not throw and must return at once. */
  event(event: HolderEvent): void;
  /** {@link Holder.proxied} is another one. Must not throw and must return at once. */
  proxiedChanged?(): void;
  /**
   * Hands over what the kernel has told until now: when it returns, {@link Holder.addressGone} has been called for whatever
   * is gone. Asked for after a stall, in which lifetimes may have ended. Must not throw.
   */
  readKernel?(): void;
}

/** A subnet of an interface on which some station answers for every address: there silence cannot be heard. */
export interface ProxiedSubnet {
  readonly interfaceIndex: number;
  readonly subnet: Prefix;
  /** The station that answers. */
  readonly mac: MAC;
}

/** What an election has counted since it began. */
export interface ElectionCounts {
  /** Rounds of questions whether anybody has an address. */
  readonly probes: number;
  /** Questions about a silent peer to those that look after its addresses. */
  readonly hintsSent: number;
  /** Looks at a peer because somebody else asked for it. */
  readonly hintsHeard: number;
  /** Peers found dead by misses of our own. */
  readonly deadVerdicts: number;
  /** Suspicions that ended with an answer. */
  readonly falseAlarms: number;
}

/** What the holder has counted, and what is under way. */
export interface HolderCounts extends ElectionCounts {
  /** Claims written. */
  readonly claimsWritten: number;
  /** Broadcasts that wait for their turn. */
  readonly queuedBroadcasts: number;
  /** Peers that answer and whose agents are gone. */
  readonly unfitPeers: number;
}

/** Decides which local addresses this node has, by asking the LAN. `LocalHolder` in `../lan` is the one that runs. */
export interface Holder {
  /** Everything but the candidates, as it is now. Cheap when nothing changed. */
  update(view: LocalView): void;
  /** A candidate that is new or has changed. */
  setCandidate(candidate: Candidate): void;
  /** No Service here needs the address any more: it is withdrawn where it is held. */
  removeCandidate(address: Address): void;
  /**
   * The kernel no longer has an address that is held (seen in its events). It is asked for again on the LAN, and put
   * back: within a second, up to 5 times a minute.
   */
  addressGone(address: LocalAddress): void;
  /**
   * Frames of an interface may go another way than before, though it looks the same (a bond chose another port, a virtual
   * machine was moved): what is held there is announced and asked for at once.
   */
  rewired(interfaceIndex: number): void;
  /** What is to be on the interfaces: adopted and announced addresses, those that are about to be removed not. */
  held(): readonly HeldAddress[];
  /** Whether the address is to be on the interface now, for the renewal of lifetimes. */
  holds(address: LocalAddress): boolean;
  /** Subnets on which nothing is taken, because a station answers for every address. */
  proxied(): readonly ProxiedSubnet[];
  /** What happened since the start, for metrics. */
  counts(): HolderCounts;
  /** Stops; the kernel keeps what it has. */
  close(): Promise<void>;
}
