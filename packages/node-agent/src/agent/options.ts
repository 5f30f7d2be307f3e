import type { EventRecorder, KubeClient } from '@fairlead/kube';
import type { Netlink } from '@fairlead/netlink';
import type { Logger } from '@fairlead/runtime';
import type { Timers } from '../apply/timers.ts';
import type { Holder, HolderHooks } from '../election/types.ts';
import type { AddressMark } from '../facts/ownership.ts';
import type { AgentMetrics } from './metrics.ts';
import type { PastLife } from './past-life.ts';

/** What an agent is made of. */
export interface AgentOptions {
  readonly node: string;
  readonly namespace: string;
  readonly client: KubeClient;
  readonly netlink: Netlink;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly logger: Logger;
  readonly timers: Timers;
  readonly metrics: AgentMetrics;
  readonly stateFile: string;
  readonly pastLife: PastLife;
  /** How addresses are marked as ours. */
  readonly addressMark: AddressMark;
  /** Takes everything of ours off this node instead of putting it there. */
  readonly withdraw: boolean;
  readonly dataPathHealth: URL | undefined;
  readonly routerDirectory: string;
  readonly templateDirectory: string;
  /** Makes the holder of local addresses. */
  readonly createHolder: (hooks: HolderHooks) => Holder;
  readonly signal: AbortSignal;
}
