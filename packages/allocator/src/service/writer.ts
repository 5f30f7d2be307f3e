import type { Refusal } from '@fairlead/api';
import type { ServiceView, Verdict } from '@fairlead/ipam';
import { isConflict, isForbidden, isInvalid, isNotFound, WorkQueue } from '@fairlead/kube';
import type { KubeClient, Service } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';
import { FailingWrites } from '../failing-writes.ts';
import type { AllocatorMetrics } from '../metrics.ts';
import { PROGRAM } from '../program.ts';
import type { Recorder } from '../recorder.ts';
import { Contests } from './contest.ts';
import type { Restore } from './contest.ts';
import { contestedPatch, contestedRefusal } from './contested.ts';
import { FirstSeen } from './first-seen.ts';
import { RefusalTopics } from './refusal-topics.ts';
import { Settled } from './settled.ts';
import { ServiceStatuses } from './statuses.ts';
import { Vacating } from './vacating.ts';
import { addressesOf, planWrite, refusalEvent, writeRefusedEvent } from './write.ts';
import type { ServiceWrite } from './write.ts';

/** Patches in flight at a time. The API server allows hundreds; above 32 a burst becomes no faster (measured). */
const CONCURRENCY = 32;
/** After an outage a new Service is to be served within 5 s. */
const LONGEST_WAIT_MS = 5_000;
/** What the API server refuses as invalid is tried again seldom: only an upgrade or an edit can change that. */
const AFTER_INVALID_MS = 300_000;
/** For so long nothing is said of an address that still stands on another Service: it is to go there with the next write. */
const PATIENCE_MS = 5_000;
/** A Service that is gone or no longer ours: the watch says so soon. */
const UNTIL_WATCH_MS = 250;

/** A Service as last seen, and what is to stand on it. */
export interface Current {
  readonly view: ServiceView;
  readonly verdict: Verdict;
}

export interface ServiceWriterOptions {
  readonly client: Pick<KubeClient, 'get' | 'patch' | 'health'>;
  readonly logger: Logger;
  readonly recorder: Recorder;
  readonly metrics: AllocatorMetrics;
  /** The Service as last seen and what is to stand on it. */
  readonly read: (key: string) => Current | undefined;
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
  readonly #statuses: ServiceStatuses;
  readonly #settled = new Settled();
  readonly #vacating = new Vacating();
  readonly #firstSeen = new FirstSeen();
  /** To be tried at once when the API server answers again. */
  readonly #failing: FailingWrites;

  constructor(options: ServiceWriterOptions) {
    this.#options = options;
    const { logger, now } = options;
    this.#statuses = new ServiceStatuses(options);
    this.#failing = new FailingWrites({ what: 'Services', logger, now });
  }

  /** Services that wait to be looked at. */
  get depth(): number {
    return this.#queue.size;
  }

  /** Services whose status is left to another program for now. */
  get contested(): number {
    return this.#contests.contested(this.#options.now());
  }

  /** Looks at the Service soon, and writes it if it does not say its verdict. To be called after each change of either. */
  add(key: string): void {
    const current = this.#options.read(key);
    if (current === undefined) {
      this.#addAll(this.#vacating.forget(key));
    } else {
      this.#note(current);
    }
    this.#queue.add(key);
  }

  /** The Service is gone. */
  forget(key: string): void {
    this.#settled.forget(key);
    this.#contests.forget(key);
    this.#topics.forget(key);
    this.#firstSeen.forget(key);
    this.#failing.forget(key);
    this.#addAll(this.#vacating.forget(key));
  }

  /** Works until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    const unsubscribe = client.health.onRecovery(() => {
      this.#addAll([...this.#failing.keys()]);
    });
    await this.#queue.run((key) => this.#failing.attempt(key, () => this.#write(key, signal)), {
      concurrency: CONCURRENCY,
      signal,
      onError: (key, error) => this.#failing.failed(key, error),
    });
    unsubscribe();
  }

  #addAll(keys: readonly string[]): void {
    for (const key of keys) {
      this.#queue.add(key);
    }
  }

  /** Notes since when the Service has had no address, and which addresses stand on it that it is to lose. */
  #note({ view, verdict }: Current): void {
    const { key, observed } = view;
    const stood = this.#settled.stood(view);
    if (observed.addresses.length === 0 && stood === undefined) {
      this.#firstSeen.note(view, this.#options.now());
    }
    const wanted = addressesOf(verdict);
    const before = this.#vacating.of(key);
    // What others wrote there is nobody's: it holds nobody up.
    const ours = (address: string): boolean =>
      stood === undefined || stood.includes(address) || before.includes(address);
    this.#addAll(
      this.#vacating.set(
        key,
        observed.addresses.filter((address) => !wanted.includes(address) && ours(address)),
      ),
    );
  }

  async #write(key: string, signal: AbortSignal): Promise<void | { readonly againInMs: number }> {
    const { read, now, wallClock } = this.#options;
    const current = read(key);
    if (current === undefined) {
      return;
    }
    const { view } = current;
    const verdict = this.#sayable(current);
    if (verdict.kind === 'later') {
      return { againInMs: verdict.ms };
    }
    const restores = this.#settled.hasSaid(view, verdict);
    const stood = this.#settled.stood(view) ?? [];
    const write = planWrite(view, verdict, { time: rfc3339(wallClock()), restores, stood });
    if (write === undefined) {
      this.#settled.settle(view, verdict);
      return;
    }
    if (restores) {
      const restore = this.#contests.ask(key, now());
      if (restore.kind === 'wait') {
        return await this.#standBack(view, restore, signal);
      }
    }
    const sent = await this.#statuses.patch(view, write.patch, signal);
    if (sent.kind === 'later') {
      return { againInMs: sent.ms };
    }
    if (sent.kind === 'failed') {
      return await this.#failed(sent.error, view, signal);
    }
    this.#settled.settle(view, verdict);
    this.#options.learn(key, view, sent.service);
    this.#tell(view, verdict, { ...write, restores });
  }

  /**
   * The verdict as it can be said now. `later`: an address still stands on another Service; when it has gone there, this
   * one comes again. Where the write that takes it away fails and fails, it is said what is waited for.
   */
  #sayable({ view, verdict }: Current): Verdict | { readonly kind: 'later'; readonly ms: number } {
    const { key, observed } = view;
    const now = this.#options.now();
    const added = addressesOf(verdict).filter((address) => !observed.addresses.includes(address));
    const blocker = this.#vacating.blocker(key, added, now);
    if (blocker === undefined || verdict.kind === 'cleared') {
      return verdict;
    }
    const ms = blocker.since + PATIENCE_MS - now;
    if (!blocker.inTurn && ms > 0) {
      return { kind: 'later', ms };
    }
    const addresses = verdict.addresses.filter((address) => observed.addresses.includes(address));
    const sentence = `${blocker.address}: Service ${blocker.key} has it still, and gives it up`;
    const refusal: Refusal = { token: 'AddressInUse', sentence };
    return { ...verdict, addresses, refusal, group: addresses.length === 0 ? undefined : verdict.group };
  }

  /** Tells, in metrics, events and the log, what has been written. */
  #tell(
    view: ServiceView,
    verdict: Verdict,
    { events, refusal, restores }: ServiceWrite & { readonly restores: boolean },
  ): void {
    const { metrics, recorder, now } = this.#options;
    const isNew = (address: string): boolean => !view.observed.addresses.includes(address);
    if (restores) {
      metrics.restored();
    } else if (addressesOf(verdict).some(isNew)) {
      metrics.allocated();
      const since = this.#firstSeen.take(view);
      if (since !== undefined) {
        metrics.served((now() - since) / 1_000);
      }
    }
    for (const event of events) {
      recorder.record(view, event);
    }
    if (refusal !== undefined) {
      this.#tellRefusal(view, refusal, this.#topics.topicOf(view, refusal));
    } else if (verdict.kind === 'cleared' || verdict.refusal === undefined) {
      this.#topics.over(view.key);
    }
  }

  #tellRefusal(view: ServiceView, refusal: Refusal, topic: string): void {
    const { metrics, recorder, logger } = this.#options;
    const { token, sentence, object } = refusal;
    metrics.refused(token);
    recorder.record(view, refusalEvent(view, refusal, topic));
    // Not called `token`: what has that name in a log is a secret, and is not shown.
    logger.info('A Service is refused', { service: view.key, reason: token, sentence, object });
  }

  async #failed(
    error: unknown,
    view: ServiceView,
    signal: AbortSignal,
  ): Promise<void | { readonly againInMs: number }> {
    const { logger, recorder, read, learn } = this.#options;
    const { key } = view;
    if (isNotFound(error)) {
      return; // the watch brings its end
    }
    if (isConflict(error)) {
      const isNewest = (): boolean => read(key)?.view.resourceVersion === view.resourceVersion;
      // Somebody was faster. The watch may bring that version later than we can ask for it.
      const service = isNewest() ? await this.#statuses.get(view, signal) : undefined;
      if (service !== undefined) {
        learn(key, view, service);
      }
      return { againInMs: isNewest() ? UNTIL_WATCH_MS : 0 };
    }
    this.#settled.doubt(view);
    if (isInvalid(error) || isForbidden(error)) {
      recorder.record(view, writeRefusedEvent(error.message));
    }
    if (isInvalid(error)) {
      logger.error('The API server refuses the status of a Service', { service: key, error });
      return { againInMs: AFTER_INVALID_MS };
    }
    throw error;
  }

  /** Leaves the status to the program that keeps writing what is put back, and says so once. */
  async #standBack(
    view: ServiceView,
    { ms, told }: Extract<Restore, { kind: 'wait' }>,
    signal: AbortSignal,
  ): Promise<{ readonly againInMs: number }> {
    const service = told ? undefined : await this.#statuses.get(view, signal);
    if (service === undefined) {
      return { againInMs: ms };
    }
    const refusal = contestedRefusal(view, service, PROGRAM);
    const time = rfc3339(this.#options.wallClock());
    const sent = await this.#statuses.patch(view, contestedPatch(view, refusal, time), signal);
    switch (sent.kind) {
      case 'later':
        return { againInMs: Math.min(ms, sent.ms) };
      case 'failed':
        if (!isConflict(sent.error) && !isNotFound(sent.error)) {
          throw sent.error;
        }
        return { againInMs: ms };
      case 'ok':
        this.#contests.told(view.key);
        this.#tellRefusal(view, refusal, refusal.token);
        return { againInMs: ms };
    }
  }
}

/** Conditions have whole seconds. */
function rfc3339(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
