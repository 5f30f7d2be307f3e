import { readdirSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from './prometheus.ts';

/**
 * The process's own metrics, each read only when somebody scrapes. prom-client's `collectDefaultMetrics` has the same
 * ones, but its event-loop histogram runs a timer every 10 ms, which alone costs more CPU than an idle agent may use.
 */
export function addProcessMetrics(registry: Registry): void {
  const registers = [registry];
  const cpu = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time spent.',
    registers,
    collect: () => {
      const { user, system } = process.cpuUsage();
      cpu.reset();
      cpu.inc((user + system) / 1e6);
    },
  });
  const gauge = (name: string, help: string, read: () => number): void => {
    const metric: Gauge = new Gauge({ name, help, registers, collect: () => metric.set(read()) });
  };
  const startedAt = Date.now() / 1000 - process.uptime();
  gauge('process_start_time_seconds', 'Start of the process since the Unix epoch.', () => startedAt);
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
  gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use.', () => process.memoryUsage().heapUsed);
  gauge('process_open_fds', 'Open file descriptors.', openDescriptors);

  let before = performance.eventLoopUtilization();
  gauge('nodejs_eventloop_utilization', 'Share of time since the last scrape in which the event loop was busy.', () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  });
  const lag = new Gauge({
    name: 'nodejs_eventloop_lag_seconds',
    help: 'How late a turn of the event loop was, measured once a scrape.',
    registers,
    collect: async () => {
      const asked = performance.now();
      await new Promise((resolve) => setImmediate(resolve));
      lag.set((performance.now() - asked) / 1000);
    },
  });
}

/** NaN where the system does not tell (no /proc). */
function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length - 1; // the one that this reading needs
  } catch {
    return Number.NaN;
  }
}
