import type { LBNodeAgentSpec } from '@fairlead/api';
import type { LocalAddress } from '../election/types.ts';
import type { LANFacts } from '../cluster/objects/lan.ts';
import type { NodeFacts } from '../cluster/objects/node.ts';
import type { PeerFacts } from '../cluster/objects/peer.ts';
import type { GroupFacts, ProtectedPrefix, ServiceFacts } from '../plan/types.ts';

/** Changes with every change of what is in the file; another version's file counts as none. */
const VERSION = 1;

/** All facts from the API server that the plan depends on, as they were last known. */
export interface ClusterMemory {
  readonly node: NodeFacts;
  readonly spec: LBNodeAgentSpec;
  readonly services: readonly ServiceFacts[];
  readonly groups: readonly GroupFacts[];
  readonly lans: readonly LANFacts[];
  readonly peers: readonly PeerFacts[];
  /** Nodes with a ready endpoint, of Services that ask for one. */
  readonly endpoints: Readonly<Record<string, readonly string[]>>;
  /** Ranges and API servers that were read once. */
  readonly clusterPrefixes: readonly ProtectedPrefix[];
}

/** What an agent leaves for its next life. The file goes with the boot, as the kernel's state does. */
export interface AgentState {
  /** Whether the data path has been good since boot. */
  readonly dataPathGood: boolean;
  /** Local addresses of ours: the mark where the kernel keeps none. */
  readonly local: readonly LocalAddress[];
  /** Absent before the first sync. */
  readonly cluster?: ClusterMemory | undefined;
}

/** A state file that cannot be used; the message says why. The agent goes on without. */
export class StateFileError extends Error {
  override readonly name = 'StateFileError';
}

const BIG = /^0x[0-9a-f]+n$/;

/** The state as text. Numbers of addresses have no form in JSON: they are `"0x…n"`. */
export function encodeState(state: AgentState): string {
  return JSON.stringify({ version: VERSION, ...state }, (_, value: unknown) =>
    typeof value === 'bigint' ? `0x${value.toString(16)}n` : value,
  );
}

/**
 * The inverse of {@link encodeState}.
 * @throws {StateFileError} for what is no state file of this version
 */
export function decodeState(text: string): AgentState {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text, (_, value: unknown) =>
      typeof value === 'string' && BIG.test(value) ? BigInt(value.slice(0, -1)) : value,
    );
  } catch (error) {
    throw new StateFileError('it is not JSON', { cause: error });
  }
  if (!isState(parsed)) {
    throw new StateFileError('it was written by another version');
  }
  const { dataPathGood, local, cluster } = parsed;
  return { dataPathGood, local, ...(cluster === undefined ? {} : { cluster }) };
}

/** Only this program writes the file, so the version stands for the shape. */
function isState(value: unknown): value is AgentState & { readonly version: number } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    value.version === VERSION &&
    'dataPathGood' in value &&
    'local' in value &&
    Array.isArray(value.local)
  );
}
