import { isDeepStrictEqual } from 'node:util';
import type { Address } from '@fairlead/api';
import type { KubeClient } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';
import { addressKey } from '../election/key.ts';
import type { SegmentView } from '../election/protocol.ts';
import type {
  Candidate,
  Claim,
  HeldAddress,
  Holder,
  HolderCounts,
  HolderHooks,
  LocalAddress,
  LocalView,
  ProxiedSubnet,
} from '../election/types.ts';
import { readAgentLease } from '../status/agent-lease.ts';
import { Claims } from './claims.ts';
import { Segment, claimLabels } from './segment.ts';

/**
 * How long claims are waited for when everything else is known. They make moves rarer and tell foreign owners from dead
 * nodes, but it is the LAN that says who has an address: without the API server its answer must do.
 */
const CLAIMS_WAIT_MS = 5000;

const NO_COUNTS: Omit<HolderCounts, 'claimsWritten'> = {
  probes: 0,
  hintsSent: 0,
  hintsHeard: 0,
  deadVerdicts: 0,
  falseAlarms: 0,
  queuedBroadcasts: 0,
  unfitPeers: 0,
};

export interface LocalHolderOptions {
  /** Name of this node. */
  readonly node: string;
  readonly hooks: HolderHooks;
  readonly client: KubeClient;
  /** Namespace of the claims. */
  readonly namespace: string;
  readonly logger: Logger;
  /** Network namespace of the interfaces; default the process's own. */
  readonly netns?: string | undefined;
  /** 0 ≤ x < 1. Default `Math.random`. */
  readonly random?: () => number;
}

/** Decides which local addresses this node has: one election an interface, and the claims of all. */
export class LocalHolder implements Holder {
  readonly #options: LocalHolderOptions;
  readonly #claims: Claims;
  readonly #segments = new Map<number, Segment>();
  readonly #stop = new AbortController();
  readonly #candidates = new Map<bigint, Candidate>();
  #view: LocalView | undefined;
  /** When claims are no longer waited for. */
  #patience: NodeJS.Timeout | undefined;
  #patient = true;
  /** What was counted on interfaces that are local no more. */
  #past: Omit<HolderCounts, 'claimsWritten'> = NO_COUNTS;

  constructor(options: LocalHolderOptions) {
    this.#options = options;
    this.#claims = new Claims({
      client: options.client,
      namespace: options.namespace,
      logger: options.logger,
      onClaim: (address, claim) => this.#claim(address, claim),
      onSynced: () => this.#refresh(),
    });
  }

  update(view: LocalView): void {
    if (isDeepStrictEqual(view, this.#view)) {
      return;
    }
    this.#view = view;
    const labels = new Set(view.segments.flatMap((segment) => claimLabels(segment)));
    this.#claims.watch(labels);
    const present = new Set(view.segments.map((segment) => segment.interface.index));
    for (const [index, segment] of this.#segments) {
      if (!present.has(index)) {
        this.#leave(index, segment);
      }
    }
    if (view.ready && this.#patience === undefined) {
      this.#patience = setTimeout(() => {
        this.#patient = false;
        this.#refresh();
      }, CLAIMS_WAIT_MS);
    }
    this.#refresh();
  }

  setCandidate(candidate: Candidate): void {
    const key = addressKey(candidate.address);
    const before = this.#candidates.get(key);
    this.#candidates.set(key, candidate);
    if (before !== undefined && before.interfaceIndex !== candidate.interfaceIndex) {
      this.#segments.get(before.interfaceIndex)?.handle({ type: 'candidate-gone', address: candidate.address });
    }
    this.#segments.get(candidate.interfaceIndex)?.handle({ type: 'candidate', candidate });
  }

  removeCandidate(address: Address): void {
    const key = addressKey(address);
    const before = this.#candidates.get(key);
    this.#candidates.delete(key);
    if (before !== undefined) {
      this.#segments.get(before.interfaceIndex)?.handle({ type: 'candidate-gone', address });
    }
  }

  addressGone({ address, interfaceIndex }: LocalAddress): void {
    this.#segments.get(interfaceIndex)?.handle({ type: 'gone', address });
  }

  rewired(interfaceIndex: number): void {
    this.#segments.get(interfaceIndex)?.handle({ type: 'rewired' });
  }

  held(): readonly HeldAddress[] {
    return [...this.#segments.values()].flatMap((segment) => segment.held());
  }

  holds({ address, interfaceIndex }: LocalAddress): boolean {
    return this.#segments.get(interfaceIndex)?.holds(address) === true;
  }

  proxied(): readonly ProxiedSubnet[] {
    return [...this.#segments.values()].flatMap((segment) => segment.proxied());
  }

  counts(): HolderCounts {
    const counts = [...this.#segments.values()].map((segment) => segment.counts());
    const sum = (name: keyof Omit<HolderCounts, 'claimsWritten'>): number =>
      counts.reduce((total, each) => total + each[name], this.#past[name]);
    return {
      probes: sum('probes'),
      hintsSent: sum('hintsSent'),
      hintsHeard: sum('hintsHeard'),
      deadVerdicts: sum('deadVerdicts'),
      falseAlarms: sum('falseAlarms'),
      queuedBroadcasts: sum('queuedBroadcasts'),
      unfitPeers: sum('unfitPeers'),
      claimsWritten: this.#claims.written,
    };
  }

  async close(): Promise<void> {
    clearTimeout(this.#patience);
    this.#stop.abort();
    for (const segment of this.#segments.values()) {
      segment.close();
    }
    await this.#claims.close();
  }

  /** Gives every segment what is known now. */
  #refresh(): void {
    if (this.#view === undefined) {
      return;
    }
    const { segments, ...common } = this.#view;
    for (const segment of segments) {
      const known = this.#claims.hasSynced(claimLabels(segment)) || !this.#patient;
      const view: SegmentView = { ...common, segment, ready: common.ready && known };
      const running = this.#segments.get(segment.interface.index) ?? this.#enter(view);
      if (!isDeepStrictEqual(running.view, view)) {
        running.update(view);
      }
    }
  }

  /** A segment that is new: it must know claims and Services before it may judge what it has adopted. */
  #enter(view: SegmentView): Segment {
    const { node, hooks, client, namespace, logger, netns, random = Math.random } = this.#options;
    const readLease = async (peer: string): Promise<string | undefined> =>
      readAgentLease({ client, namespace, node: peer, signal: this.#stop.signal });
    const segment = new Segment({ node, view, hooks, claims: this.#claims, readLease, logger, random, netns });
    const { index } = view.segment.interface;
    this.#segments.set(index, segment);
    for (const claim of this.#claims.all()) {
      segment.handle({ type: 'claim', address: claim.address, claim });
    }
    for (const candidate of this.#candidates.values()) {
      if (candidate.interfaceIndex === index) {
        segment.handle({ type: 'candidate', candidate });
      }
    }
    return segment;
  }

  /** An interface that is local no more: nothing of ours stays on it. */
  #leave(index: number, segment: Segment): void {
    const held = segment.held();
    this.#past = { ...this.counts(), queuedBroadcasts: 0, unfitPeers: 0 };
    segment.close();
    this.#segments.delete(index);
    if (held.length === 0) {
      return;
    }
    for (const { address, interfaceIndex, services } of held) {
      this.#options.hooks.event({ type: 'withdrawn', reason: 'unwanted', address, interfaceIndex, services });
    }
    void this.#remove(held);
  }

  async #remove(addresses: readonly LocalAddress[]): Promise<void> {
    try {
      await this.#options.hooks.remove(addresses);
    } catch (error) {
      this.#options.logger.error('Local addresses: remove failed', { count: addresses.length, error });
    }
  }

  #claim(address: Address, claim: Claim | undefined): void {
    for (const segment of this.#segments.values()) {
      segment.handle({ type: 'claim', address, ...(claim === undefined ? {} : { claim }) });
    }
  }
}
