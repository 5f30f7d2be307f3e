import { hash } from 'node:crypto';
import type { LBNodeAgentSpec } from '@fairlead/api';
import type { LANFacts } from '../cluster/objects/lan.ts';
import type { NodeFacts } from '../cluster/objects/node.ts';
import type { PeerFacts } from '../cluster/objects/peer.ts';
import type { GateState } from '../health/data-path.ts';
import type { GroupFacts, ProtectedPrefix, ServiceFacts } from '../plan/types.ts';

/** Changes with every change of what is in the file; another version's file counts as none. */
const VERSION = 3;

/** All facts from the API server that the plan depends on, as they were last known. */
export interface ClusterMemory {
  readonly node: NodeFacts;
  readonly spec: LBNodeAgentSpec;
  /** Whether the LBNodeAgents select this node. */
  readonly selected: boolean;
  readonly services: readonly ServiceFacts[];
  readonly groups: readonly GroupFacts[];
  readonly lans: readonly LANFacts[];
  readonly peers: readonly PeerFacts[];
  /** Nodes with a ready endpoint, of Services that ask for one. */
  readonly endpoints: Readonly<Record<string, readonly string[]>>;
  /** Ranges and API servers that were read once. */
  readonly clusterPrefixes: readonly ProtectedPrefix[];
}

/**
 * What an agent leaves for its next life. The file goes with the boot, as the kernel's state does. Which addresses are
 * ours is not in it: the kernel says that of each, so that no state of the file can leave one behind or take a foreign one.
 */
export interface AgentState {
  /** What was known of the data path since boot. */
  readonly dataPath: GateState;
  /** Absent before the first sync. */
  readonly cluster?: ClusterMemory | undefined;
}

/** A state file that cannot be used; the message says why. The agent goes on without. */
export class StateFileError extends Error {
  override readonly name = 'StateFileError';
}

const BIG = /^0x[0-9a-f]+n$/;
/** How every state file begins: what follows is covered by the digest. */
const HEAD = /^\{"version":(\d+),"sha256":"([0-9a-f]{64})",/;

/** The state as text. Numbers of addresses have no form in JSON: they are `"0x…n"`. */
export function encodeState(state: AgentState): string {
  const body = JSON.stringify(state, (_, value: unknown) =>
    typeof value === 'bigint' ? `0x${value.toString(16)}n` : value,
  );
  return `{"version":${VERSION},"sha256":"${hash('sha256', body)}",${body.slice(1)}`;
}

/**
 * The inverse of {@link encodeState}. The digest stands for the shape: only what this version of the program wrote, whole
 * and unchanged, is taken.
 * @throws {StateFileError} for everything else
 */
export function decodeState(text: string): AgentState {
  const [head, version, digest] = HEAD.exec(text) ?? [];
  if (head === undefined) {
    throw new StateFileError('it is no state file, or one of an older version');
  }
  if (Number(version) !== VERSION) {
    throw new StateFileError(`it was written by another version: ${version} in place of ${VERSION}`);
  }
  const body = `{${text.slice(head.length)}`;
  if (hash('sha256', body) !== digest) {
    throw new StateFileError('it was changed or cut off after it was written');
  }
  return JSON.parse(body, (_, value: unknown) =>
    typeof value === 'string' && BIG.test(value) ? BigInt(value.slice(0, -1)) : value,
  ) as AgentState;
}
