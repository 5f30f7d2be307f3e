/**
 * The parts of prom-client that are used, each from its own file: its index also loads `node:cluster`, pushing over HTTP
 * and OpenTelemetry, 12 MiB of resident memory that no process here needs.
 */
import CounterClass from 'prom-client/lib/counter.js';
import GaugeClass from 'prom-client/lib/gauge.js';
import HistogramClass from 'prom-client/lib/histogram.js';
import RegistryClass from 'prom-client/lib/registry.js';
import type * as Prometheus from 'prom-client';

export const Counter: typeof Prometheus.Counter = CounterClass;
export const Gauge: typeof Prometheus.Gauge = GaugeClass;
export const Histogram: typeof Prometheus.Histogram = HistogramClass;
export const Registry: typeof Prometheus.Registry = RegistryClass;

export type Counter<T extends string = string> = Prometheus.Counter<T>;
export type Gauge<T extends string = string> = Prometheus.Gauge<T>;
export type Histogram<T extends string = string> = Prometheus.Histogram<T>;
export type Registry = Prometheus.Registry;
