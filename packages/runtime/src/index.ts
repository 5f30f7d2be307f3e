export { ExitRequest } from './exit-request.ts';
export {
  flagVariable,
  parseFlags,
  type BooleanFlag,
  type FlagDefinition,
  type FlagDefinitions,
  type FlagSources,
  type FlagValues,
  type IntegerFlag,
  type StringFlag,
} from './flags.ts';
export { ListenError, serveHealth, type Health, type HealthOptions, type HealthServer } from './health.ts';
export { formatListenAddress, parseListenAddress, type ListenAddress } from './listen-address.ts';
export {
  createLogger,
  LOG_FORMATS,
  LOG_LEVELS,
  type LogFields,
  type LogFormat,
  type Logger,
  type LoggerOptions,
  type LogLevel,
} from './logger.ts';
export {
  createMetrics,
  type GaugeOptions,
  type HistogramOptions,
  type MetricOptions,
  type Metrics,
  type Sample,
} from './metrics.ts';
export { documentedMetrics, metricsTable } from './metrics-table.ts';
export { runMain } from './run-main.ts';
