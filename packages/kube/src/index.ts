export { ApiHealth } from './client/api-health.ts';
export {
  createKubeClient,
  KubeClient,
  type DeleteOptions,
  type KubeClientOptions,
  type ListOptions,
  type ObjectList,
  type PatchOptions,
  type PatchType,
  type WriteOptions,
} from './client/kube-client.ts';
export type { Call, CallOptions, Query } from './client/transport.ts';
export * from './errors.ts';
export { inClusterSource, type InClusterOptions } from './connection/in-cluster.ts';
export type { ConnectionSettings, SettingsSource, TlsSettings } from './connection/settings.ts';
export type { Logger } from './logger.ts';
export * from './resources.ts';
export { OutageLog, type OutageLogOptions } from './cache/outage-log.ts';
export { Reflector, type ReflectorOptions } from './cache/reflector.ts';
export { Store, type Change, type ChangeListener, type Indices, type Projected } from './cache/store.ts';
export { LeaderElector, type LeaderCallbacks, type LeaderElectorOptions } from './leader/leader-elector.ts';
export { TokenBucket, type TokenBucketOptions } from './queue/token-bucket.ts';
export { WorkQueue, type RunOptions, type WorkHandler, type WorkQueueOptions } from './queue/work-queue.ts';
export { EventRecorder, type EventRecorderOptions } from './events/event-recorder.ts';
export type { EventInput, ObjectReference } from './events/event-series.ts';
