import { EXCLUDE_LABEL, NODE_ANNOTATIONS, parseAddress, parsePrefix } from '@fairlead/api';
import type { Address, Prefix } from '@fairlead/api';
import type { Node } from '@fairlead/kube';

/** Why a node is told to leave. */
export type ExclusionReason = 'ExcludeLabel' | 'Drained' | 'NetworkUnavailable';

/** What the agent keeps of its own Node. */
export interface NodeFacts {
  readonly key: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Told to leave at once. */
  readonly excluded: Exclude<ExclusionReason, 'NetworkUnavailable'> | undefined;
  /** Counts only when it lasts: Calico sets it whenever it restarts. */
  readonly networkUnavailable: boolean;
  readonly addresses: readonly Address[];
  readonly podRanges: readonly Prefix[];
}

/** Projects the agent's own Node. */
export function projectNode(node: Node): NodeFacts {
  const { metadata, spec, status } = node;
  const labels = metadata?.labels ?? {};
  const drained = spec?.unschedulable === true && metadata?.annotations?.[NODE_ANNOTATIONS.drain] === 'true';
  return {
    key: metadata?.name ?? '',
    uid: metadata?.uid ?? '',
    resourceVersion: metadata?.resourceVersion ?? '',
    labels,
    excluded: Object.hasOwn(labels, EXCLUDE_LABEL) ? 'ExcludeLabel' : drained ? 'Drained' : undefined,
    networkUnavailable:
      status?.conditions?.some(({ type, status: is }) => type === 'NetworkUnavailable' && is === 'True') ?? false,
    addresses: (status?.addresses ?? []).flatMap(({ type, address }) =>
      type === 'InternalIP' || type === 'ExternalIP' ? readable(address, parseAddress) : [],
    ),
    podRanges: (spec?.podCIDRs ?? []).flatMap((range) => readable(range, parsePrefix)),
  };
}

/** Others write these; what cannot be read does not concern us. */
function readable<T>(text: string, parse: (text: string) => T): T[] {
  try {
    return [parse(text)];
  } catch {
    return [];
  }
}
