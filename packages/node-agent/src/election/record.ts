import type { Address } from '@fairlead/api';
import { addressKey } from './key.ts';
import { addressWords, score } from './rank.ts';
import type { NameHash } from './rank.ts';
import type { Candidate, Claim, MAC, WithdrawReason } from './types.ts';

/** Everything that this node knows of one address on a segment. */
export interface AddressRecord {
  readonly key: bigint;
  readonly address: Address;
  readonly words: readonly number[];
  /** Score of this node, by hash alone. */
  readonly score: number;
  candidate: Candidate | undefined;
  claim: Claim | undefined;
  /** The node that the wire or the claim showed last to have it. */
  holder: string | undefined;
  /** When the wire last showed that somebody of ours has it. */
  heardAt: number | undefined;
  phase: Phase;
  /** Times at which it came to another node, as far as seen here. */
  moves: readonly number[];
  /** Times at which it was lost to somebody who removed it. */
  restores: readonly number[];
  /** Last pause after a conflict or a failed add; 0 after a success. */
  backOffMs: number;
  /** How often in a row each other node's probe was let go first. */
  yields: ReadonlyMap<string, number>;
}

/** Where an address stands on this node. Each phase says what its deadline means. */
export type Phase =
  /** Somebody else has it, or this node may not take it. Due: ask whether the holder still answers, if at all. */
  | {
      readonly type: 'idle';
      /** That question is asked whatever is heard meanwhile: frames that are under way may be older than the doubt. */
      readonly firm?: true;
    }
  /** The holder is asked by unicast whether it still has it. Due: the next question, or the verdict. */
  | { readonly type: 'asking'; readonly mac: MAC; asks: number }
  /** Due: begin the proof. */
  | { readonly type: 'waiting'; readonly why: 'rank' | 'yield' | 'back-off' | 'deaf' | 'moves' }
  /** Due: the next round, or the verdict. */
  | {
      readonly type: 'proving';
      /** Rounds that counted: something of the LAN was heard after the question. */
      rounds: number;
      /** Rounds sent. */
      sent: number;
      sentAt: number;
    }
  /**
   * A MAC of ours answered a question to all, as a proxy could, or the claim names it. Due: the next unicast question, or
   * the verdict.
   */
  | { readonly type: 'checking'; readonly mac: MAC; asks: number; readonly since: number }
  /** The claim is being taken over from a holder that hands over. Due: the next question whether it has the address. */
  | AcceptingPhase
  /** The kernel is adding it. */
  | { readonly type: 'adding'; readonly from: string | undefined; readonly taken: boolean }
  | HeldPhase
  /** The kernel is removing it. Due: again. */
  | { readonly type: 'removing'; readonly reason: WithdrawReason };

/** An offer: taken without a proof once the claim is written and the one who offers has shown that it has the address. */
export interface AcceptingPhase {
  readonly type: 'accepting';
  /** The node that hands over, and where it is asked; without a MAC it cannot be. */
  readonly from: string;
  readonly mac: MAC | undefined;
  asks: number;
  /** It has answered, or announced the address. */
  shown: boolean;
  /** The claim names this node. */
  won: boolean;
}

/** This node has the address. Due: whatever of its times comes first. */
export interface HeldPhase {
  readonly type: 'held';
  readonly since: number;
  /** Announcements made since the last reason to announce, and when the next one is due. */
  announced: number;
  announceAt: number;
  /** Whether one waits for its turn in the outbox. */
  queued: boolean;
  /** Until then a late foreign answer makes us give way. */
  readonly listenUntil: number;
  defendedAt: number;
  assertedAt: number;
  /** Another node of ours may have it too: asked by unicast until it answers or stays silent. */
  rival:
    { readonly mac: MAC; readonly node: string; asks: number; nextAt: number; readonly firstAt: number } | undefined;
  /** The claim is to be put right then. */
  claimAt: number | undefined;
  /** The node that handed over, whose last words are no second holder. */
  from: { readonly node: string; readonly until: number; spokeAt: number | undefined } | undefined;
  /** The move that this node asks for. */
  move: { readonly successor: string; readonly until: number } | undefined;
  /** Nodes that did not answer the move that this node asked of them: others are asked first. */
  declined: ReadonlySet<string>;
  /** No new move before this. */
  moveAfter: number;
  /** When to judge again whether to hand over, though nothing will have happened. */
  reconsiderAt: number | undefined;
  /** It was said that there is nobody to take it. */
  saidNoSuccessor: boolean;
  /** The node without an agent that it was taken from (`takeOver: Force`), whose kernel still answers for it. */
  readonly over: string | undefined;
}

/** A record of an address that is new here. */
export function newRecord(address: Address, node: NameHash): AddressRecord {
  const words = addressWords(address);
  return {
    key: addressKey(address),
    address,
    words,
    score: score(node, words),
    candidate: undefined,
    claim: undefined,
    holder: undefined,
    heardAt: undefined,
    phase: { type: 'idle' },
    moves: [],
    restores: [],
    backOffMs: 0,
    yields: new Map(),
  };
}
