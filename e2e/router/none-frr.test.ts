import { forNode, sample } from './pages.ts';
import { frr, proveSamples } from './samples.ts';
import { TOR } from './topology.ts';

describe('the samples of FRR, on nodes and ToR', () => {
  proveSamples({
    torPage: 'tor-frr.md',
    startTor: async (run) => frr(run, TOR, await sample('tor-frr.md', 'frr')),
    startNode: async (run, node, host) =>
      frr(run, node, forNode(await sample('none.md', 'frr', 'FRR on the host'), host)),
  });
});
