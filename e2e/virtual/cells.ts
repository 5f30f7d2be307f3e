import type { TorProtocol } from '@fairlead/e2e/lab';

/** What runs on the nodes, what on the ToR, and what they speak: IPv4 and IPv6 at once. */
export interface Cell {
  readonly node: 'BIRD' | 'FRR';
  readonly protocol: TorProtocol;
  readonly tor: 'BIRD' | 'FRR';
}

/** All that is proven. Those of one ToR stand together, and of these those of one daemon: both take time to change. */
export const CELLS: readonly Cell[] = [
  { node: 'BIRD', protocol: 'BGP', tor: 'BIRD' },
  { node: 'BIRD', protocol: 'OSPF', tor: 'BIRD' },
  { node: 'BIRD', protocol: 'RIP', tor: 'BIRD' },
  { node: 'BIRD', protocol: 'BGP', tor: 'FRR' },
  { node: 'FRR', protocol: 'BGP', tor: 'FRR' },
  { node: 'FRR', protocol: 'BGP', tor: 'BIRD' },
];
