import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAddress } from '@fairlead/api';
import { createMetrics, documentedMetrics, metricsTable } from '@fairlead/runtime';
import type { HolderCounts } from '../election/types.ts';
import { agentMetrics } from './metrics.ts';
import type { AgentMetrics } from './metrics.ts';

const PAGE = join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'metrics.md');

function agent(holder: Partial<HolderCounts> = {}): {
  readonly metrics: AgentMetrics;
  readonly render: () => Promise<string>;
} {
  const registry = createMetrics();
  const counts: HolderCounts = {
    probes: 0,
    hintsSent: 0,
    hintsHeard: 0,
    deadVerdicts: 0,
    falseAlarms: 0,
    claimsWritten: 0,
    queuedBroadcasts: 0,
    unfitPeers: 0,
    ...holder,
  };
  const metrics = agentMetrics(registry, {
    localAddresses: () => 1,
    virtualAddresses: () => 2,
    routes: () => 3,
    apiSilenceSeconds: () => 4,
    ready: () => true,
    holder: () => counts,
  });
  return { metrics, render: async () => (await registry.render()).body };
}

test('docs/metrics.md lists the metrics of the agent, all of them and no others', async () => {
  const { metrics, render } = agent();
  metrics.kernelOperations('add', 1, 0);
  metrics.restored('address');
  metrics.readAnew('routine');
  metrics.holderEvent({
    type: 'withdrawn',
    reason: 'moved',
    address: parseAddress('192.0.2.9'),
    interfaceIndex: 2,
    services: [],
  });
  const documented = documentedMetrics(readFileSync(PAGE, 'utf8'), ['Every process', 'The node agent']);
  expect(documented).toEqual(metricsTable(await render()));
});

test('what the holder counts is read when somebody scrapes, and is the same at the next scrape', async () => {
  const { render } = agent({ probes: 7, deadVerdicts: 2, queuedBroadcasts: 3 });
  await render();
  const page = await render();
  for (const line of ['probes_total 7', 'dead_verdicts_total 2', 'broadcast_queue 3']) {
    expect(page).toContain(`fairlead_agent_${line}\n`);
  }
});
