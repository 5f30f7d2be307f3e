import type { RefusalToken } from '@fairlead/api';
import { REFUSALS } from '@fairlead/api';
import type { Metrics } from '@fairlead/runtime';

/** What the leader can be asked at each scrape; zeros while we do not lead. */
export interface LeaderSizes {
  readonly services: number;
  readonly addresses: number;
  readonly waiting: number;
  readonly queued: number;
  readonly contested: number;
}

/** What the allocator counts. */
export interface AllocatorMetrics {
  /** A patch of a Service's status was answered after so many seconds. */
  patched(seconds: number, outcome: 'ok' | 'conflict' | 'error'): void;
  /** A Service was told an address that it had not before. */
  allocated(): void;
  /** A Service was told why it has no address, or not all. */
  refused(token: RefusalToken): void;
  /** What somebody had changed on a Service was put back. */
  restored(): void;
  /** A Service got its first address so many seconds after the leader had first seen it. */
  served(seconds: number): void;
  /** Addresses of a group in use and free. */
  group(
    name: string,
    counts: readonly { readonly family: string; readonly allocated: string; readonly available: string }[],
  ): void;
  forgetGroup(name: string): void;
}

/** Seconds; up to 10 s it is the allocator's work, beyond that the wait for somebody to free an address. */
const TIME_TO_ADDRESS_BUCKETS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3_600, 86_400,
];

/** Registers the allocator's metrics. */
export function createAllocatorMetrics(
  metrics: Metrics,
  leader: { readonly isLeader: () => boolean; readonly sizes: () => LeaderSizes },
): AllocatorMetrics {
  const size = (name: string, help: string, read: () => number): void => {
    metrics.gauge({ name, help, read });
  };
  size('fairlead_allocator_leader', '1 on the replica that leads.', () => (leader.isLeader() ? 1 : 0));
  size('fairlead_allocator_services', 'Services of ours.', () => leader.sizes().services);
  size('fairlead_allocator_addresses', 'Distinct addresses in use.', () => leader.sizes().addresses);
  size('fairlead_allocator_waiting_services', 'Services with a wish that is not met.', () => leader.sizes().waiting);
  size('fairlead_allocator_queue_depth', 'Services that wait to be written.', () => leader.sizes().queued);
  size(
    'fairlead_allocator_contested_services',
    'Services whose status is left to another program that keeps overwriting it.',
    () => leader.sizes().contested,
  );
  const patches = metrics.histogram({
    name: 'fairlead_allocator_patch_seconds',
    help: 'Time until the API server answered a patch of a Service status.',
    labels: ['outcome'],
  });
  const allocations = metrics.counter({
    name: 'fairlead_allocator_allocations_total',
    help: 'Writes that gave a Service an address.',
  });
  const refusals = metrics.counter({
    name: 'fairlead_allocator_refusals_total',
    help: 'Services that were told why they have no address, or not all.',
    labels: ['token'],
  });
  for (const token of Object.keys(REFUSALS)) {
    refusals.inc({ token }, 0);
  }
  const restores = metrics.counter({
    name: 'fairlead_allocator_restores_total',
    help: 'Times that the status of a Service was put back which somebody had changed.',
  });
  const served = metrics.histogram({
    name: 'fairlead_allocator_time_to_address_seconds',
    help: 'Time from the moment the leader first saw a Service until its first address stood on it, waiting for a free one included.',
    buckets: TIME_TO_ADDRESS_BUCKETS,
  });
  const allocated = metrics.gauge({
    name: 'fairlead_group_allocated_addresses',
    help: 'Addresses of the group that are in use.',
    labels: ['group', 'family'],
  });
  const available = metrics.gauge({
    name: 'fairlead_group_available_addresses',
    help: 'Addresses of the group that could be handed out now.',
    labels: ['group', 'family'],
  });
  return {
    patched: (seconds, outcome) => patches.observe({ outcome }, seconds),
    allocated: () => allocations.inc(),
    refused: (token) => refusals.inc({ token }),
    restored: () => restores.inc(),
    served: (seconds) => served.observe(seconds),
    group: (name, counts) => {
      for (const { family, ...count } of counts) {
        allocated.set({ group: name, family }, Number(count.allocated));
        available.set({ group: name, family }, Number(count.available));
      }
    },
    forgetGroup: (name) => {
      for (const family of ['IPv4', 'IPv6']) {
        allocated.remove({ group: name, family });
        available.remove({ group: name, family });
      }
    },
  };
}
