import winston from 'winston';
import { redact } from './redact.ts';

/** Facts that go with a message. Values are JSON; an `Error` becomes its message, code and causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What every part of a process logs with. Packages that may not import this one declare a type of the same shape. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to each of its messages. */
  child(fields: LogFields): Logger;
}

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ['json', 'text'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface LoggerOptions {
  /** Name of the process; the field `process` of each line. */
  readonly process: string;
  /** Least severe level that is written. Default `info`. */
  readonly level?: LogLevel;
  /** Default: text where the stream is a terminal, else one JSON object a line. */
  readonly format?: LogFormat;
  /** Default: standard error, so that standard output stays free for what a program prints. */
  readonly stream?: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/**
 * A logger that writes one line a message. Values under keys that name a secret (token, password, authorization, …)
 * are replaced by `[redacted]` at any depth.
 */
export function createLogger(options: LoggerOptions): Logger {
  const stream = options.stream ?? process.stderr;
  const format = options.format ?? (stream.isTTY === true ? 'text' : 'json');
  const target = winston.createLogger({
    level: options.level ?? 'info',
    format: format === 'json' ? winston.format.json() : winston.format.printf(textLine),
    transports: [new winston.transports.Stream({ stream })],
  });
  return loggerOn(target, { process: options.process });
}

function loggerOn(target: winston.Logger, bound: LogFields): Logger {
  const write = (level: LogLevel, message: string, fields: LogFields | undefined): void => {
    if (target.isLevelEnabled(level)) {
      const merged = redact({ ...bound, ...fields });
      target.log({ time: new Date().toISOString(), level, ...withoutReserved(merged), message });
    }
  };
  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
    child: (fields) => loggerOn(target, { ...bound, ...fields }),
  };
}

/** A field named like one of the line's own would overwrite it; it gets a trailing underscore instead. */
function withoutReserved(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const reserved = new Set(['time', 'level', 'message']);
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [reserved.has(key) ? `${key}_` : key, value]));
}

function textLine(line: winston.Logform.TransformableInfo): string {
  const { time, level, message, process: name, ...fields } = line;
  const facts = Object.entries(fields).map(([key, value]) => `${key}=${fieldText(value)}`);
  return [String(time), level.toUpperCase().padEnd(5), String(name), String(message), ...facts].join(' ');
}

function fieldText(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : (JSON.stringify(value) ?? 'undefined');
}
