import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAddress } from '@fairlead/api';
import type { RouterStatus } from '@fairlead/router';
import { createMetrics, documentedMetrics, metricsTable } from '@fairlead/runtime';
import type { HolderCounts } from '../election/types.ts';
import { agentMetrics } from './metrics.ts';
import type { AgentMetrics } from './metrics.ts';

const PAGE = join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'metrics.md');

const ROUTER: RouterStatus = {
  daemon: 'BIRD',
  router: 'rack-1',
  configuration: { type: 'current' },
  connected: true,
  version: '2.0.12',
  sessions: ['a', 'b'].map((name) => ({
    name,
    protocol: 'BGP',
    state: name === 'a' ? 'Established' : 'Connect',
    isUp: name === 'a',
    since: undefined,
    exported: name === 'a' ? 7 : 0,
    imported: 0,
    message: '',
  })),
  problems: [],
  lastReset: undefined,
};

function agent(
  holder: Partial<HolderCounts> = {},
  router: () => RouterStatus | undefined = () => ROUTER,
): {
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
    router,
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
  metrics.router.applied?.(1);
  metrics.router.sessionChanged?.({ name: 'tor', protocol: 'BGP', isUp: true });
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

test('sessions are counted by state, and each says whether it is up and what it carries', async () => {
  const { metrics, render } = agent();
  metrics.router.refused?.();
  metrics.router.connected?.({ restarted: false });
  metrics.router.connected?.({ restarted: true });
  const page = await render();
  for (const line of [
    'connected{daemon="BIRD"} 1',
    'configured{router="rack-1"} 1',
    'sessions{protocol="BGP",state="Established"} 1',
    'sessions{protocol="BGP",state="Connect"} 1',
    'session_up{session="a"} 1',
    'session_up{session="b"} 0',
    'session_prefixes{session="a",direction="exported"} 7',
    'configurations_total{result="refused"} 1',
    'restarts_total 1',
  ]) {
    expect(page).toContain(`fairlead_agent_router_${line}\n`);
  }
});

test('a session that is gone leaves no sample behind, and a node without a Router has none', async () => {
  let status: RouterStatus | undefined = ROUTER;
  const { render } = agent({}, () => status);
  await render();
  status = { ...ROUTER, sessions: ROUTER.sessions.slice(0, 1) };
  expect(await render()).not.toContain('session="b"');
  status = { ...ROUTER, daemon: 'None', sessions: [] };
  expect(await render()).not.toMatch(/fairlead_agent_router_(connected|configured)\{/);
  status = undefined;
  expect(await render()).not.toContain('session="a"');
});
