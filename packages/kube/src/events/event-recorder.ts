import { Backoff } from '../cache/backoff.ts';
import type { KubeClient } from '../client/kube-client.ts';
import {
  ApiError,
  isAlreadyExists,
  isNamespaceTerminating,
  isNotFound,
  isServerTimeout,
  isNetworkError,
  retryAfterMs,
} from '../errors.ts';
import type { Logger } from '../logger.ts';
import { TokenBucket } from '../queue/token-bucket.ts';
import { EVENTS } from '../resources.ts';
import { sleep } from '../sleep.ts';
import {
  eventName,
  eventNamespace,
  eventObject,
  seriesField,
  seriesKey,
  type EventInput,
  type EventSeries,
  type Reporter,
} from './event-series.ts';

export interface EventRecorderOptions extends Reporter {
  readonly client: KubeClient;
  readonly logger: Logger;
  /** Writes a second in the long run. Default 10: in a burst of Services, events must not cost them their addresses. */
  readonly rate?: number;
  /** Writes at once after a quiet time. Default 25. */
  readonly burst?: number;
  /** Least time between two writes of one series, in milliseconds. Default 300,000. */
  readonly seriesIntervalMs?: number;
  /** 0 ≤ x < 1. Default `Math.random`. */
  readonly random?: () => number;
  /** Monotonic milliseconds. Default `performance.now`. */
  readonly now?: () => number;
  /** Unix milliseconds. Default `Date.now`. */
  readonly wallClock?: () => number;
}

/** Events that wait to be written; more are dropped, the newest first, because the first ones tell what began it. */
const MOST_WAITING = 2_000;
/** Series that are remembered; the longest silent one goes first. */
const MOST_SERIES = 2_000;
/** Attempts at one write. */
const MOST_ATTEMPTS = 10;
/** How long `close` waits for what is still to be written. */
const CLOSE_PATIENCE_MS = 500;

/**
 * Tells users what happened, as Events on the object. Never in the way: `record` returns at once and never throws, writes
 * are done one at a time, behind all other calls of the client, and are bounded in number. The same event again becomes a
 * count in the first one.
 */
export class EventRecorder implements AsyncDisposable {
  readonly #options: Required<EventRecorderOptions>;
  readonly #bucket: TokenBucket;
  readonly #backoff: Backoff;
  /** In the order in which they were last seen. */
  readonly #series = new Map<string, EventSeries>();
  readonly #waiting = new Set<EventSeries>();
  readonly #end = new AbortController();
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dropped = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = {
      rate: 10,
      burst: 25,
      seriesIntervalMs: 300_000,
      random: Math.random,
      now: () => performance.now(),
      wallClock: Date.now,
      ...options,
    };
    const { rate, burst, now, client, random } = this.#options;
    this.#bucket = new TokenBucket({ rate, burst, now });
    this.#backoff = new Backoff({ health: client.health, random });
  }

  /** Events that were not written because too many waited or every attempt failed. */
  get dropped(): number {
    return this.#dropped;
  }

  record(input: EventInput): void {
    if (this.#end.signal.aborted) {
      return;
    }
    const key = seriesKey(input);
    const series = this.#repeat(key, input) ?? this.#begin(input);
    this.#series.set(key, series);
    this.#forgetOldest();
    this.#schedule(series);
  }

  /** Waits at most 500 ms for what is still to be written, then ends. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#writing !== undefined) {
      const patience = new AbortController();
      await Promise.race([this.#writing, sleep(CLOSE_PATIENCE_MS, patience.signal)]);
      patience.abort();
    }
    this.#end.abort(new Error('the event recorder is closed'));
    await this.#writing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The series that this event repeats, moved to the end of the order; undefined when there is none, or it has ended. */
  #repeat(key: string, input: EventInput): EventSeries | undefined {
    const { wallClock, seriesIntervalMs } = this.#options;
    const series = this.#series.get(key);
    this.#series.delete(key);
    if (series === undefined || wallClock() - series.lastAt > 2 * seriesIntervalMs) {
      return undefined;
    }
    if (series.input.note === input.note) {
      series.count += 1;
      series.lastAt = wallClock();
      return series;
    }
    // The API server lets nobody change a note: another one is another Event, and has to wait until one is due.
    return Object.assign(series, this.#begin(input), { writtenAt: series.writtenAt });
  }

  #begin(input: EventInput): EventSeries {
    const { wallClock, random } = this.#options;
    const at = wallClock();
    const name = eventName(input.regarding.name, at, random());
    return { input, name, firstAt: at, lastAt: at, count: 1, writtenCount: 0, writtenAt: undefined };
  }

  #forgetOldest(): void {
    const [oldest] = this.#series.keys();
    if (this.#series.size > MOST_SERIES && oldest !== undefined) {
      this.#series.delete(oldest);
    }
  }

  #schedule(series: EventSeries): void {
    const { now, seriesIntervalMs } = this.#options;
    if (series.writtenAt !== undefined && now() - series.writtenAt < seriesIntervalMs) {
      this.#timer ??= setTimeout(() => this.#writeDueSeries(), seriesIntervalMs).unref();
    } else if (this.#waiting.size < MOST_WAITING || this.#waiting.has(series)) {
      this.#waiting.add(series);
      this.#writing ??= this.#writeAll();
    } else {
      this.#dropped += 1;
    }
  }

  /** Counts that rose within the interval and were not heard of since. */
  #writeDueSeries(): void {
    this.#timer = undefined;
    for (const series of this.#series.values()) {
      if (series.count > series.writtenCount) {
        this.#schedule(series);
      }
    }
  }

  async #writeAll(): Promise<void> {
    const { signal } = this.#end;
    for (const series of this.#waiting) {
      await sleep(this.#bucket.reserve(), signal);
      if (signal.aborted) {
        break;
      }
      this.#waiting.delete(series);
      await this.#write(series, signal);
    }
    this.#writing = undefined; // in the same turn in which the last one was seen to be done
  }

  async #write(series: EventSeries, signal: AbortSignal): Promise<void> {
    series.writtenAt = this.#options.now();
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      const { count, name } = series;
      // Meanwhile the series may have got another note, and with it another name: that one has not been written.
      const wrote = (times: number): void => {
        series.writtenCount = series.name === name ? times : series.writtenCount;
      };
      try {
        await this.#send(series, signal);
        wrote(count);
        this.#backoff.succeeded();
        return;
      } catch (error) {
        if (isAlreadyExists(error)) {
          wrote(1); // an earlier attempt whose answer was lost
          return;
        }
        if (signal.aborted || isNamespaceTerminating(error)) {
          return; // with the namespace, its events go
        }
        if (attempt >= MOST_ATTEMPTS || !mayPass(error)) {
          this.#dropped += 1;
          const { regarding, reason } = series.input;
          this.#options.logger.warn('An event could not be written', { regarding, reason, error });
          return;
        }
        await this.#backoff.failed(signal, { answered: !isNetworkError(error), atLeastMs: retryAfterMs(error) });
      }
    }
  }

  async #send(series: EventSeries, signal: AbortSignal): Promise<void> {
    const { client, reportingController, reportingInstance } = this.#options;
    const call = { priority: 'low', signal } as const;
    if (series.writtenCount > 0) {
      const key = { namespace: eventNamespace(series.input.regarding), name: series.name };
      try {
        await client.patch(EVENTS, key, { series: seriesField(series) }, { type: 'merge', ...call });
        return;
      } catch (error) {
        if (!isNotFound(error)) {
          throw error;
        }
        // Events live for an hour; the series goes on in a new one.
      }
    }
    await client.create(EVENTS, eventObject(series, { reportingController, reportingInstance }), call);
  }
}

/** Whether the same write can succeed later. */
function mayPass(error: unknown): boolean {
  return !(error instanceof ApiError) || error.status >= 500 || error.status === 429 || isServerTimeout(error);
}
