import type { RouterObserver, RouterStatus } from '@fairlead/router';
import type { Metrics } from '@fairlead/runtime';
import type { HolderCounts, HolderEvent } from '../election/types.ts';
import { routerMetrics } from './router-metrics.ts';

/** What the agent counts. */
export interface AgentMetrics {
  kernelOperations(kind: 'add' | 'delete' | 'renew', count: number, failed: number): void;
  restored(what: 'address' | 'route' | 'interface'): void;
  readAnew(reason: string): void;
  holderEvent(event: HolderEvent): void;
  /** What happens to the routing daemon. */
  readonly router: RouterObserver;
}

/** What is read when somebody scrapes. */
export interface AgentGauges {
  readonly localAddresses: () => number;
  readonly virtualAddresses: () => number;
  readonly routes: () => number;
  readonly apiSilenceSeconds: () => number;
  readonly ready: () => boolean;
  /** What the holder of local addresses has counted. */
  readonly holder: () => HolderCounts;
  /** What the routing daemon does; undefined while none has been asked to do anything. */
  readonly router: () => RouterStatus | undefined;
}

/** Declares the agent's metrics. */
export function agentMetrics(metrics: Metrics, gauges: AgentGauges): AgentMetrics {
  metrics.gauge({
    name: 'fairlead_agent_local_addresses',
    help: 'Local addresses that this node holds.',
    read: gauges.localAddresses,
  });
  metrics.gauge({
    name: 'fairlead_agent_virtual_addresses',
    help: 'Virtual addresses that this node is to announce.',
    read: gauges.virtualAddresses,
  });
  metrics.gauge({
    name: 'fairlead_agent_routes',
    help: 'Routes to virtual addresses in the kernel of this node.',
    read: gauges.routes,
  });
  metrics.gauge({
    name: 'fairlead_agent_api_silence_seconds',
    help: 'Seconds since the API server was last heard; a quiet one says something every 60 s.',
    read: gauges.apiSilenceSeconds,
  });
  metrics.gauge({
    name: 'fairlead_agent_ready',
    help: '1 when the agent does all it should.',
    read: () => (gauges.ready() ? 1 : 0),
  });
  holderMetrics(metrics, gauges.holder);
  const operations = metrics.counter({
    name: 'fairlead_agent_kernel_operations_total',
    help: 'Requests to the kernel.',
    labels: ['kind', 'result'],
  });
  const restored = metrics.counter({
    name: 'fairlead_agent_restored_total',
    help: 'Objects of ours that others removed from the kernel.',
    labels: ['object'],
  });
  const readings = metrics.counter({
    name: 'fairlead_agent_kernel_readings_total',
    help: "Full readings of the kernel's state, by reason.",
    labels: ['reason'],
  });
  const events = metrics.counter({
    name: 'fairlead_agent_local_address_events_total',
    help: 'What happened to local addresses: announced, withdrawn, conflict, no-successor, holder-unfit.',
    labels: ['event'],
  });
  const withdrawals = metrics.counter({
    name: 'fairlead_agent_local_address_withdrawals_total',
    help: 'Local addresses that this node let go, by reason.',
    labels: ['reason'],
  });
  const router = routerMetrics(metrics, gauges.router);
  return {
    router,
    kernelOperations: (kind, count, failed) => {
      operations.inc({ kind, result: 'done' }, count - failed);
      operations.inc({ kind, result: 'failed' }, failed);
    },
    restored: (object) => {
      restored.inc({ object });
    },
    readAnew: (reason) => {
      readings.inc({ reason: ['routine', 'surprise', 'interface'].includes(reason) ? reason : 'lost events' });
    },
    holderEvent: (event) => {
      events.inc({ event: event.type });
      if (event.type === 'withdrawn') {
        withdrawals.inc({ reason: event.reason });
      }
    },
  };
}

/** What the election of local addresses counts by itself. */
function holderMetrics(metrics: Metrics, holder: () => HolderCounts): void {
  const counter = (name: string, help: string, read: (counts: HolderCounts) => number): void => {
    metrics.counter({ name: `fairlead_agent_${name}_total`, help, read: () => read(holder()) });
  };
  counter('probes', 'Questions on the LAN whether anybody has an address.', ({ probes }) => probes);
  counter(
    'hints_sent',
    'Questions about a silent node to those that look after its addresses.',
    ({ hintsSent }) => hintsSent,
  );
  counter(
    'suspicions',
    'Looks at another node because somebody asked for it, or because its agent fell silent.',
    ({ hintsHeard }) => hintsHeard,
  );
  counter('false_alarms', 'Such looks that ended with an answer.', ({ falseAlarms }) => falseAlarms);
  counter('dead_verdicts', 'Other nodes found dead on the LAN.', ({ deadVerdicts }) => deadVerdicts);
  counter('claims_written', 'Claims written to the API server.', ({ claimsWritten }) => claimsWritten);
  metrics.gauge({
    name: 'fairlead_agent_broadcast_queue',
    help: 'Broadcasts that wait for their turn, of which an interface has 500 a second.',
    read: () => holder().queuedBroadcasts,
  });
  metrics.gauge({
    name: 'fairlead_agent_unfit_holders',
    help: 'Other nodes that answer on the LAN and whose agents are gone.',
    read: () => holder().unfitPeers,
  });
}
