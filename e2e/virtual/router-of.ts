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
    metadata: { name: 'tor' },
    spec: { daemon, ...specOf(protocol) },
  };
}

function specOf(protocol: TorProtocol): RouterManifest['spec'] {
  switch (protocol) {
    case 'BGP':
      return { asn: 64512, bgp: { neighbors: [{ name: 'tor', ...TOR, bfd: { interval: '100ms', multiplier: 3 } }] } };
    case 'OSPF':
      return {
        ospf: { areas: [{ id: '0', interfaces: [{ name: LAN, helloInterval: '1s', deadInterval: '4s' }] }] },
      };
    case 'RIP':
      return { rip: { interfaces: [{ name: LAN }] } };
  }
}
