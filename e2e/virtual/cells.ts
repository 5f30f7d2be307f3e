import type { TorProtocol } from '@fairlead/e2e/lab';

/** What runs on the nodes, what on the ToR, and what they speak: IPv4 and IPv6 at once. */
export interface Cell {
  readonly node: 'BIRD' | 'FRR';
  readonly protocol: TorProtocol;
  readonly tor: 'BIRD' | 'FRR';
  /**
   * Whether it is part of every run of the tests: each protocol and each daemon on both sides is. The others are proven by
   * `make reliability`, for FRR takes its time for OSPF and RIP.
   */
  readonly always: boolean;
}

/** All that is proven. Those of one ToR stand together, and of these those of one daemon: both take time to change. */
export const CELLS: readonly Cell[] = [
  { node: 'BIRD', protocol: 'BGP', tor: 'BIRD', always: true },
  { node: 'BIRD', protocol: 'OSPF', tor: 'BIRD', always: true },
  { node: 'BIRD', protocol: 'RIP', tor: 'BIRD', always: true },
  { node: 'BIRD', protocol: 'BGP', tor: 'FRR', always: true },
  { node: 'BIRD', protocol: 'OSPF', tor: 'FRR', always: false },
  { node: 'BIRD', protocol: 'RIP', tor: 'FRR', always: false },
  { node: 'FRR', protocol: 'BGP', tor: 'FRR', always: true },
  { node: 'FRR', protocol: 'OSPF', tor: 'FRR', always: false },
  { node: 'FRR', protocol: 'RIP', tor: 'FRR', always: false },
  { node: 'FRR', protocol: 'BGP', tor: 'BIRD', always: false },
  { node: 'FRR', protocol: 'OSPF', tor: 'BIRD', always: false },
  { node: 'FRR', protocol: 'RIP', tor: 'BIRD', always: false },
];
