import { Counter, Gauge, Histogram, Registry } from './prometheus.ts';
import { addProcessMetrics } from './process-metrics.ts';

/** A metric's name (`fairlead_…`, with its unit as suffix) and what it tells. */
export interface MetricOptions<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly L[];
}

export interface HistogramOptions<L extends string> extends MetricOptions<L> {
  /** Upper bounds, in the unit of the name. Default: 1 ms … 10 s. */
  readonly buckets?: readonly number[];
}

export interface CounterOptions<L extends string> extends MetricOptions<L> {
  /** The count where something else keeps it, read when somebody scrapes; never less than before. */
  readonly read?: () => number;
}

export interface GaugeOptions<L extends string> extends MetricOptions<L> {
  /** Read at each scrape; for values that are at hand anyway and change often. */
  readonly read?: () => number;
  /** The same for one with labels: all samples that there are; what was there before is forgotten. */
  readonly samples?: () => Iterable<Sample<L>>;
}

/** One value of a metric with labels. */
export interface Sample<L extends string> {
  readonly labels: Readonly<Record<L, string>>;
  readonly value: number;
}

/** The metrics of one process. */
export interface Metrics {
  counter<L extends string = never>(options: CounterOptions<L>): Counter<L>;
  gauge<L extends string = never>(options: GaugeOptions<L>): Gauge<L>;
  histogram<L extends string = never>(options: HistogramOptions<L>): Histogram<L>;
  /** The page that Prometheus reads. */
  render(): Promise<{ readonly contentType: string; readonly body: string }>;
}

/** Seconds; from one API call on a quiet machine to the longest time that anything here may take. */
const DEFAULT_BUCKETS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A registry of its own with the metrics of the process (CPU, memory, descriptors, event loop) already in it. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  addProcessMetrics(registry);
  const base = <L extends string>({ name, help, labels }: MetricOptions<L>) => ({
    name,
    help,
    labelNames: labels ?? [],
    registers: [registry],
  });
  return {
    counter: <L extends string>(options: CounterOptions<L>) => {
      const { read } = options;
      const counter: Counter<L> = new Counter<L>({
        ...base(options),
        ...(read === undefined
          ? {}
          : {
              collect: (): void => {
                counter.reset();
                counter.inc(read());
              },
            }),
      });
      return counter;
    },
    gauge: <L extends string>(options: GaugeOptions<L>) => {
      const { read, samples } = options;
      const gauge: Gauge<L> = new Gauge<L>({
        ...base(options),
        ...(read === undefined ? {} : { collect: (): void => gauge.set(read()) }),
        ...(samples === undefined
          ? {}
          : {
              collect: (): void => {
                gauge.reset();
                for (const { labels, value } of samples()) {
                  gauge.set(labels, value);
                }
              },
            }),
      });
      return gauge;
    },
    histogram: (options) => new Histogram({ ...base(options), buckets: [...(options.buckets ?? DEFAULT_BUCKETS)] }),
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}
