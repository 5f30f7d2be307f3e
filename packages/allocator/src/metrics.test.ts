import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMetrics, documentedMetrics, metricsTable } from '@fairlead/runtime';
import { createAllocatorMetrics } from './metrics.ts';
import type { AllocatorMetrics } from './metrics.ts';

const PAGE = join(import.meta.dirname, '..', '..', '..', 'docs', 'metrics.md');

function allocator(): { readonly metrics: AllocatorMetrics; readonly render: () => Promise<string> } {
  const registry = createMetrics();
  const sizes = { services: 3, addresses: 2, waiting: 1, queued: 4, contested: 5 };
  const metrics = createAllocatorMetrics(registry, { isLeader: () => true, sizes: () => sizes });
  return { metrics, render: async () => (await registry.render()).body };
}

it('docs/metrics.md lists the metrics of the allocator, all of them and no others', async () => {
  const { metrics, render } = allocator();
  metrics.group('default', [{ family: 'IPv4', allocated: '1', available: '2' }]);
  metrics.patched(0.01, 'ok');
  metrics.served(0.01);
  const documented = documentedMetrics(readFileSync(PAGE, 'utf8'), ['Every process', 'The allocator']);
  expect(documented).toEqual(metricsTable(await render()));
});

it('counts that overflow a number stay as large as they are, and a group that is gone is forgotten', async () => {
  const { metrics, render } = allocator();
  metrics.group('huge', [{ family: 'IPv6', allocated: '1', available: ((1n << 64n) - 1n).toString() }]);
  expect(await render()).toContain(
    'fairlead_group_available_addresses{group="huge",family="IPv6"} 18446744073709552000',
  );
  metrics.forgetGroup('huge');
  expect(await render()).not.toContain('huge');
});
