import type { GateState } from '../health/data-path.ts';
import type { NodeFacts } from '../cluster/objects/node.ts';

/** NetworkUnavailable counts when it lasts so long: Calico sets it for a moment whenever it restarts. */
export const NETWORK_UNAVAILABLE_MS = 30_000;

/** Whether the node can hold addresses, in the words of LBNodeStatus. */
export interface Fitness {
  readonly state: 'Fit' | 'Excluded' | 'Unfit';
  /** One CamelCase word. */
  readonly reason: string;
  readonly message: string;
}

/** What {@link fitnessOf} goes by. */
export interface FitnessInput {
  readonly node: NodeFacts;
  /** Since when NetworkUnavailable has been seen, by the clock of `now`; undefined while it is not. */
  readonly networkUnavailableSince: number | undefined;
  readonly gate: GateState;
  readonly gateDetail: string;
  readonly now: number;
}

/** Whether this node is to announce, or to hand over. Pure. */
export function fitnessOf({ node, networkUnavailableSince, gate, gateDetail, now }: FitnessInput): Fitness {
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
  if (networkUnavailableSince !== undefined && now - networkUnavailableSince >= NETWORK_UNAVAILABLE_MS) {
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
  return { state: 'Fit', reason: 'Fit', message: 'the node announces' };
}
