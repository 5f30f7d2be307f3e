import type { Metrics } from '@fairlead/runtime';

/** What the agent counts. */
export interface AgentMetrics {
  kernelOperations(kind: 'add' | 'delete' | 'renew', count: number, failed: number): void;
  restored(what: 'address' | 'route' | 'interface'): void;
  readAnew(reason: string): void;
  holderEvent(type: string): void;
}

/** What is read when somebody scrapes. */
export interface AgentGauges {
  readonly localAddresses: () => number;
  readonly virtualAddresses: () => number;
  readonly routes: () => number;
  readonly apiSilenceSeconds: () => number;
  readonly ready: () => boolean;
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
    help: 'What happened to local addresses.',
    labels: ['event'],
  });
  return {
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
      events.inc({ event });
    },
  };
}
