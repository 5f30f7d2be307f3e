import type { ObservedSession, RouterObserver, RouterStatus } from '@fairlead/router';
import type { Metrics, Sample } from '@fairlead/runtime';

/**
 * Declares the metrics of the routing daemon. Where no Router selects the node there are no samples of its sessions, so
 * that "not up" and "not wanted" are two things.
 * @param status what the daemon does; undefined while none has been asked to do anything
 */
export function routerMetrics(metrics: Metrics, status: () => RouterStatus | undefined): RouterObserver {
  const wanted = (): RouterStatus | undefined => {
    const now = status();
    return now?.daemon === 'None' ? undefined : now;
  };
  const sessions = (): readonly ObservedSession[] => wanted()?.sessions ?? [];
  metrics.gauge({
    name: 'fairlead_agent_router_connected',
    help: '1 while the routing daemon answers the agent.',
    labels: ['daemon'],
    samples: function* () {
      const now = wanted();
      if (now !== undefined) {
        yield { labels: { daemon: now.daemon }, value: now.connected ? 1 : 0 };
      }
    },
  });
  metrics.gauge({
    name: 'fairlead_agent_router_configured',
    help: '1 while the routing daemon runs what the Router says, all of it.',
    labels: ['router'],
    samples: function* () {
      const now = wanted();
      if (now?.router !== undefined) {
        const isWhole = now.configuration.type === 'current' && now.problems.length === 0;
        yield { labels: { router: now.router }, value: isWhole ? 1 : 0 };
      }
    },
  });
  metrics.gauge({
    name: 'fairlead_agent_router_sessions',
    help: "Sessions with other routers, by state in the daemon's own word.",
    labels: ['protocol', 'state'],
    samples: () => countsByState(sessions()),
  });
  metrics.gauge({
    name: 'fairlead_agent_router_session_up',
    help: '1 while routes can be told over the session.',
    labels: ['session'],
    samples: () => sessions().map(({ name, isUp }) => ({ labels: { session: name }, value: isUp ? 1 : 0 })),
  });
  metrics.gauge({
    name: 'fairlead_agent_router_session_prefixes',
    help: 'Prefixes told over the session (exported) and taken from it (imported).',
    labels: ['session', 'direction'],
    samples: () =>
      sessions().flatMap(({ name, exported, imported }) => [
        { labels: { session: name, direction: 'exported' }, value: exported },
        { labels: { session: name, direction: 'imported' }, value: imported },
      ]),
  });
  const turns = metrics.counter({
    name: 'fairlead_agent_router_session_changes_total',
    help: 'Times that the session was seen to have come up or gone down.',
    labels: ['session'],
  });
  const configurations = metrics.counter({
    name: 'fairlead_agent_router_configurations_total',
    help: 'Configurations that the daemon has taken, and that it or its check refused.',
    labels: ['result'],
  });
  const configuredAt = metrics.gauge({
    name: 'fairlead_agent_router_last_configured_timestamp_seconds',
    help: 'When the daemon has last taken a configuration, since the Unix epoch; 0: not in the life of this agent.',
  });
  const restarts = metrics.counter({
    name: 'fairlead_agent_router_restarts_total',
    help: 'Times that the daemon was found to have been started anew.',
  });
  return {
    applied: () => {
      configurations.inc({ result: 'applied' });
      configuredAt.setToCurrentTime();
    },
    refused: () => {
      configurations.inc({ result: 'refused' });
    },
    connected: ({ restarted }) => {
      restarts.inc(restarted ? 1 : 0);
    },
    sessionChanged: ({ name }) => {
      turns.inc({ session: name });
    },
  };
}

function countsByState(sessions: readonly ObservedSession[]): Iterable<Sample<'protocol' | 'state'>> {
  const counts = new Map<string, { labels: { protocol: string; state: string }; value: number }>();
  for (const { protocol, state } of sessions) {
    const key = `${protocol} ${state}`;
    const count = counts.get(key) ?? { labels: { protocol, state }, value: 0 };
    count.value += 1;
    counts.set(key, count);
  }
  return counts.values();
}
