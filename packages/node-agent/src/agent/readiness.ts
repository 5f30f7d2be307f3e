import type { Health } from '@fairlead/runtime';
import type { Gate } from '../health/data-path.ts';

/** What is known of what the API server has to tell. */
export interface Known {
  /** There is a Node for this machine. */
  readonly node: boolean;
  /** The ranges of the cluster. */
  readonly clusterPrefixes: boolean;
  readonly endpoints: boolean;
  readonly peers: boolean;
}

/** What has to be known before anything may be withdrawn, and is not; undefined when all is. Pure. */
export function waitsFor(options: {
  readonly node: string;
  readonly known: Known;
  readonly gate: Gate;
}): string | undefined {
  const { node, known, gate } = options;
  if (!known.node) {
    return `there is no Node ${node}; give the name of this machine's Node with --node-name`;
  }
  if (gate.state === 'waiting') {
    return `the data path has not been good yet: ${gate.detail === '' ? 'not asked yet' : gate.detail}`;
  }
  if (!known.clusterPrefixes) {
    return 'waiting for the ranges of the cluster';
  }
  if (!known.endpoints) {
    return 'waiting for EndpointSlices';
  }
  return known.peers ? undefined : 'waiting for the LBNodeStatus of other nodes';
}

/** How far the agent is. */
export interface Progress {
  readonly node: string;
  /** Whether all caches are complete. */
  readonly synced: boolean;
  /** Caches that are not. */
  readonly missing: readonly string[];
  /** Whether it goes by the API server's word. */
  readonly live: boolean;
  readonly waitsFor: string | undefined;
  /** What the kernel refuses. */
  readonly problem: Error | undefined;
  /** Whether the LANs of this node are registered. */
  readonly lansComplete: boolean;
  /** Whether the kernel has had all that is wanted. */
  readonly applied: boolean;
  /** Addresses and routes of ours that are still to go from this node; undefined where none is to. */
  readonly leftToWithdraw: number | undefined;
}

/** Whether the agent does all it should, or what it waits for. Pure. */
export function readiness(progress: Progress): Health {
  if (!progress.synced) {
    return { ok: false, reason: `waiting for the API server: not read yet: ${progress.missing.join(', ')}` };
  }
  if (!progress.live) {
    return { ok: false, reason: progress.waitsFor ?? `waiting for node ${progress.node}` };
  }
  if (progress.problem !== undefined) {
    return { ok: false, reason: progress.problem.message };
  }
  if (!progress.lansComplete) {
    return { ok: false, reason: "waiting for this node's LANs to be registered" };
  }
  if (!progress.applied) {
    return { ok: false, reason: 'waiting for the kernel to have all that is wanted' };
  }
  const { leftToWithdraw = 0 } = progress;
  return leftToWithdraw === 0
    ? { ok: true }
    : { ok: false, reason: `waiting for ${leftToWithdraw} addresses and routes to go from this node` };
}
