import type { RouterManifest } from '@fairlead/api';
import type { TorProtocol } from '@fairlead/e2e/lab';

/** The lab's ToR, and the nodes' interface towards it. */
const TOR = { address: '172.20.0.1', asn: 64500 };
const LAN = 'eth0';

/** What the daemons of all nodes do, by protocol; the lab's ToR does the same on its side. */
export function routerOf(protocol: TorProtocol, daemon: 'BIRD' | 'FRR'): RouterManifest {
  return {
    apiVersion: 'fairlead.dev/v1',
    kind: 'Router',
    metadata: { name: routerName(protocol, daemon) },
    spec: { daemon, ...specOf(protocol) },
  };
}

/** Each has a name of its own, by which LBNodeStatus tells which of them a node runs. */
export function routerName(protocol: TorProtocol, daemon: 'BIRD' | 'FRR'): string {
  return `${daemon}-${protocol}`.toLowerCase();
}

function specOf(protocol: TorProtocol): RouterManifest['spec'] {
  switch (protocol) {
    case 'BGP':
      return { asn: 64512, bgp: { neighbors: [{ name: 'tor', ...TOR }] } };
    case 'OSPF':
      return {
        ospf: { areas: [{ id: '0', interfaces: [{ name: LAN, helloInterval: '1s', deadInterval: '4s' }] }] },
      };
    case 'RIP':
      return { rip: { interfaces: [{ name: LAN, updateInterval: '5s' }] } };
  }
}
