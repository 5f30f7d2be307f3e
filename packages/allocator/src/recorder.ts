import type { ServiceView } from '@fairlead/ipam';
import type { ServiceEvent } from './service/write.ts';

/** Records an event on a Service; returns at once and never throws. */
export interface Recorder {
  record(service: Pick<ServiceView, 'namespace' | 'name' | 'uid'>, event: ServiceEvent): void;
}
