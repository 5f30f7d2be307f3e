import type { GateState } from '../health/data-path.ts';
import type { NodeFacts } from '../cluster/objects/node.ts';

/** NetworkUnavailable counts when it lasts so long: Calico sets it for a moment whenever it restarts. */
export const NETWORK_UNAVAILABLE_MS = 30_000;
/** That no LBNodeAgent selects the node counts when it lasts so long: objects are deleted and made anew. */
export const NOT_SELECTED_MS = 10_000;

/** The reason of a node that answers no ARP: it hands its local addresses over, and no virtual one. */
export const ARP_IGNORED = 'ARPIgnored';

/** Why a node is none of ours any more: it takes nothing, and keeps nothing, also where nobody else can take it. */
export type LeavingReason = 'Withdrawn' | 'NotSelected';

/** Whether the node can hold addresses, in the words of LBNodeStatus. */
export interface Fitness {
  readonly state: 'Fit' | 'Excluded' | 'Unfit';
  /** One CamelCase word. */
  readonly reason: string;
  readonly message: string;
  /** It concerns local addresses alone; virtual ones stay. Default: false. */
  readonly localOnly?: boolean;
}

/** What {@link fitnessOf} goes by. */
export interface FitnessInput {
  readonly node: NodeFacts;
  /** How long NetworkUnavailable has been seen, ms; undefined while it is not. */
  readonly networkUnavailableMs: number | undefined;
  readonly leaving: LeavingReason | undefined;
  readonly gate: GateState;
  readonly gateDetail: string;
  /** Why the kernel answers no ARP for local addresses; undefined: it does. */
  readonly arpIgnored: string | undefined;
}

const LEAVING: Readonly<Record<LeavingReason, string>> = {
  Withdrawn: 'the agent was started with --withdraw: what is on this node is handed over or taken away',
  NotSelected: 'there are LBNodeAgents, and none selects this Node: what is on it is handed over or taken away',
};

/** Whether the reason in an LBNodeStatus says that the node leaves for good. */
export function isLeaving(reason: string): reason is LeavingReason {
  return Object.hasOwn(LEAVING, reason);
}

/** Whether this node is to announce, or to hand over. Pure. */
export function fitnessOf(input: FitnessInput): Fitness {
  const { node, networkUnavailableMs, leaving, gate, gateDetail, arpIgnored } = input;
  if (leaving !== undefined) {
    return { state: 'Excluded', reason: leaving, message: LEAVING[leaving] };
  }
  if (gate === 'bad') {
    return {
      state: 'Unfit',
      reason: 'DataPathUnhealthy',
      message: `the data path's health endpoint has been bad for 30 s: ${gateDetail}; this node hands over`,
    };
  }
  if (node.excluded === 'ExcludeLabel') {
    return {
      state: 'Excluded',
      reason: node.excluded,
      message: 'the Node has the label that excludes it from load balancers',
    };
  }
  if (node.excluded === 'Drained') {
    return { state: 'Excluded', reason: node.excluded, message: 'the Node is cordoned and annotated to be drained' };
  }
  if (networkUnavailableMs !== undefined && networkUnavailableMs >= NETWORK_UNAVAILABLE_MS) {
    return {
      state: 'Excluded',
      reason: 'NetworkUnavailable',
      message: 'the Node has been NetworkUnavailable for 30 s',
    };
  }
  if (gate === 'waiting') {
    return {
      state: 'Unfit',
      reason: 'WaitingForDataPath',
      message: `the data path has not been good yet since boot${gateDetail === '' ? '' : `: ${gateDetail}`}`,
    };
  }
  if (arpIgnored !== undefined) {
    return { state: 'Unfit', reason: ARP_IGNORED, message: arpIgnored, localOnly: true };
  }
  return { state: 'Fit', reason: 'Fit', message: 'the node announces' };
}
