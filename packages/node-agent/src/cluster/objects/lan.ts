import { parsePrefix } from '@fairlead/api';
import type { LAN, Prefix } from '@fairlead/api';

/** What the agent keeps of a LAN. */
export interface LANFacts {
  readonly key: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly subnet: Prefix;
}

export function projectLAN(lan: LAN): LANFacts {
  return {
    key: lan.metadata.name,
    uid: lan.metadata.uid ?? '',
    resourceVersion: lan.metadata.resourceVersion ?? '',
    subnet: parsePrefix(lan.spec.subnet),
  };
}
