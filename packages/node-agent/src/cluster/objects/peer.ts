import { parseAddress } from '@fairlead/api';
import type { Address, LBNodeStatus } from '@fairlead/api';
import type { Peer } from '../../election/types.ts';
import { ARP_IGNORED, isLeaving } from '../../facts/exclusion.ts';

/** What the agent keeps of another node on one of its LANs. */
export interface PeerFacts {
  /** Name of the node. */
  readonly key: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  /** It leaves for good: nothing is to be handed over to it, not even where it would be the last one. */
  readonly leaving: boolean;
  readonly peer: Peer;
}

/** Projects the LBNodeStatus of a peer; undefined for one that its agent has not filled in yet. */
export function projectPeer(object: LBNodeStatus): PeerFacts | undefined {
  const { metadata, status } = object;
  if (status === undefined) {
    return undefined;
  }
  return {
    key: metadata.name,
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    labels: status.nodeLabels ?? {},
    leaving: isLeaving(status.fitness?.reason ?? ''),
    peer: {
      node: metadata.name,
      excluded: status.fitness !== undefined && status.fitness.state !== 'Fit',
      ...(status.fitness?.reason === ARP_IGNORED ? { deaf: true } : {}),
      interfaces: (status.interfaces ?? []).map(({ mac, addresses, linkLocal, lans }) => ({
        mac,
        addresses: [...(addresses ?? []), ...(linkLocal === undefined ? [] : [linkLocal])].flatMap(addressOf),
        lans: lans ?? [],
      })),
    },
  };
}

/** The address of `ADDRESS` or `ADDRESS/LENGTH`; written by an agent, so it is one. */
function addressOf(text: string): Address[] {
  const [address = ''] = text.split('/');
  try {
    return [parseAddress(address)];
  } catch {
    return [];
  }
}
