import { EVENT_REASONS } from '@fairlead/api';
import type { ServiceView, Verdict } from '@fairlead/ipam';
import { isConflict, isInvalid, isNotFound, SERVICES, WorkQueue } from '@fairlead/kube';
import type { KubeClient, Service } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';
import type { AllocatorMetrics } from '../metrics.ts';
import type { Recorder } from '../recorder.ts';
import { Contests } from './contest.ts';
import { RefusalTopics } from './refusal-topics.ts';
import { planWrite, refusalEvent, saysAddresses } from './write.ts';
import type { ServiceWrite } from './write.ts';

/** Patches in flight at a time. The API server allows hundreds; above 32 a burst becomes no faster (measured). */
const CONCURRENCY = 32;
/** After an outage a new Service is to be served within 5 s. */
const LONGEST_WAIT_MS = 5_000;
/** What the API server refuses as invalid is tried again seldom: only an upgrade or an edit can change that. */
const AFTER_INVALID_MS = 300_000;
/** A Service that is gone or no longer ours: the watch says so soon. */
const UNTIL_WATCH_MS = 250;
/** A request that could not be answered before the Lease's deadline is not begun. */
const SHORTEST_REQUEST_MS = 50;

export interface ServiceWriterOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly recorder: Recorder;
  readonly metrics: AllocatorMetrics;
  /** The Service as last seen and what is to stand on it. */
  readonly read: (key: string) => { readonly view: ServiceView; readonly verdict: Verdict } | undefined;
  /** Takes a newer version of the Service that was read or written here. */
  readonly learn: (key: string, base: ServiceView, service: Service) => void;
  /** Monotonic milliseconds until which we may write. */
  readonly deadline: () => number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Unix milliseconds. */
  readonly wallClock: () => number;
}

/**
 * Makes Services say their verdicts: one patch each, many at a time, never two for one Service. What is written is
 * computed from the newest version that is known, and refused by the API server if there is a newer one.
 */
export class ServiceWriter {
  readonly #options: ServiceWriterOptions;
  readonly #queue = new WorkQueue<string>({
    maxDelayMs: LONGEST_WAIT_MS,
    retriesPerSecond: 200,
    retryBurst: 1_000,
  });
  readonly #contests = new Contests();
  readonly #topics = new RefusalTopics();
  /** Addresses that are known to stand on a Service because we wrote them, or found them there. */
  readonly #settled = new Map<string, { readonly uid: string; readonly addresses: string }>();
  /** Services whose write failed, to be tried at once when the API server answers again. */
  readonly #failing = new Set<string>();

  constructor(options: ServiceWriterOptions) {
    this.#options = options;
  }

  /** Services that wait to be looked at. */
  get depth(): number {
    return this.#queue.size;
  }

  /** Looks at the Service soon, and writes it if it does not say its verdict. */
  add(key: string): void {
    this.#queue.add(key);
  }

  /** The Service is gone. */
  forget(key: string): void {
    this.#settled.delete(key);
    this.#contests.forget(key);
    this.#topics.forget(key);
    this.#failing.delete(key);
  }

  /** Works until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, logger } = this.#options;
    const unsubscribe = client.health.onRecovery(() => {
      for (const key of this.#failing) {
        this.#queue.add(key);
      }
    });
    await this.#queue.run((key) => this.#write(key, signal), {
      concurrency: CONCURRENCY,
      signal,
      onError: (key, error, retryInMs) => {
        this.#failing.add(key);
        logger.debug('A Service could not be written; trying again', { service: key, error, retryInMs });
      },
    });
    unsubscribe();
  }

  async #write(key: string, signal: AbortSignal): Promise<void | { readonly againInMs: number }> {
    const { read, now, wallClock, deadline, client, metrics } = this.#options;
    const current = read(key);
    this.#failing.delete(key);
    if (current === undefined) {
      return;
    }
    const { view, verdict } = current;
    const restores = this.#isRestore(view, verdict);
    const stood = this.#stood(view);
    const write = planWrite(view, verdict, { time: rfc3339(wallClock()), restores, stood });
    if (write === undefined) {
      this.#settle(view, verdict);
      return;
    }
    if (restores) {
      const restore = this.#contests.ask(key, now());
      if (restore.kind === 'wait') {
        if (restore.first) {
          await this.#sayContested(view, signal);
        }
        return { againInMs: restore.ms };
      }
    }
    const timeoutMs = Math.min(10_000, deadline() - now());
    if (timeoutMs < SHORTEST_REQUEST_MS) {
      // The Lease is renewed within this time, or the signal ends all this.
      return { againInMs: 250 };
    }
    const begun = now();
    try {
      const { namespace, name } = view;
      const options = { type: 'strategic', subresource: 'status', timeoutMs, signal } as const;
      const written = await client.patch(SERVICES, { namespace, name }, write.patch, options);
      metrics.patched((now() - begun) / 1_000, 'ok');
      this.#settle(view, verdict);
      this.#options.learn(key, view, written);
    } catch (error) {
      metrics.patched((now() - begun) / 1_000, isConflict(error) ? 'conflict' : 'error');
      return await this.#failed(error, view, signal);
    }
    this.#tell(view, verdict, write);
  }

  /** Tells, in metrics, events and the log, what has been written. */
  #tell(view: ServiceView, verdict: Verdict, { events, refusal }: ServiceWrite): void {
    const { metrics, recorder, logger } = this.#options;
    if (verdict.kind === 'allocated') {
      metrics.judged(verdict.refusal?.token);
    }
    for (const event of events) {
      recorder.record(view, event);
    }
    if (refusal !== undefined) {
      const { token, sentence, object } = refusal;
      recorder.record(view, refusalEvent(view, refusal, this.#topics.topicOf(view, refusal)));
      // Not called `token`: what has that name in a log is a secret, and is not shown.
      logger.info('A Service is refused', { service: view.key, reason: token, sentence, object });
    } else if (verdict.kind === 'cleared' || verdict.refusal === undefined) {
      this.#topics.forget(view.key);
    }
  }

  /** The addresses that stood on the Service when it was last looked at. */
  #stood({ key, uid }: ServiceView): readonly string[] {
    const settled = this.#settled.get(key);
    return settled === undefined || settled.uid !== uid || settled.addresses === '' ? [] : settled.addresses.split(',');
  }

  /** Whether the addresses stood on the Service and somebody has taken or changed them. */
  #isRestore(view: ServiceView, verdict: Verdict): boolean {
    const settled = this.#settled.get(view.key);
    return (
      settled !== undefined &&
      settled.uid === view.uid &&
      settled.addresses === addressesText(verdict) &&
      !saysAddresses(view.observed, verdict)
    );
  }

  #settle(view: ServiceView, verdict: Verdict): void {
    this.#settled.set(view.key, { uid: view.uid, addresses: addressesText(verdict) });
  }

  async #failed(
    error: unknown,
    view: ServiceView,
    signal: AbortSignal,
  ): Promise<void | { readonly againInMs: number }> {
    const { logger, read, learn } = this.#options;
    const { key, namespace, name } = view;
    if (isNotFound(error)) {
      return; // the watch brings its end
    }
    if (isConflict(error)) {
      const isNewest = (): boolean => read(key)?.view.resourceVersion === view.resourceVersion;
      // Somebody was faster. The watch may bring that version later than we can ask for it.
      const service = isNewest() ? await this.#get({ namespace, name }, signal) : undefined;
      if (service !== undefined) {
        learn(key, view, service);
      }
      return { againInMs: isNewest() ? UNTIL_WATCH_MS : 0 };
    }
    if (isInvalid(error)) {
      logger.error('The API server refuses the status of a Service', { service: key, error });
      return { againInMs: AFTER_INVALID_MS };
    }
    throw error;
  }

  async #get(
    key: { readonly namespace: string; readonly name: string },
    signal: AbortSignal,
  ): Promise<Service | undefined> {
    try {
      return await this.#options.client.get(SERVICES, key, { signal });
    } catch (error) {
      if (isNotFound(error)) {
        return undefined;
      }
      throw error;
    }
  }

  /** Names the program that keeps writing what we put back. */
  async #sayContested(view: ServiceView, signal: AbortSignal): Promise<void> {
    const service = await this.#get(view, signal);
    const fields = (service?.metadata?.managedFields ?? []).filter(
      ({ subresource, fieldsV1 }) => subresource === 'status' && JSON.stringify(fieldsV1).includes('f:loadBalancer'),
    );
    const [other] = fields.sort((a, b) => ((a.time ?? '') < (b.time ?? '') ? 1 : -1));
    const who = other?.manager === undefined ? 'Another program' : `The program ${JSON.stringify(other.manager)}`;
    const note = `Contested: ${who} keeps overwriting status.loadBalancer; give it another load balancer class. Waiting a minute or more before putting it back again`;
    this.#options.logger.warn(note, { service: view.key });
    this.#options.recorder.record(view, {
      type: 'Warning',
      reason: EVENT_REASONS.allocationFailed,
      action: 'RestoreStatus',
      note,
    });
  }
}

function addressesText(verdict: Verdict): string {
  return verdict.kind === 'allocated' ? verdict.addresses.join(',') : '';
}

/** Conditions have whole seconds. */
function rfc3339(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
