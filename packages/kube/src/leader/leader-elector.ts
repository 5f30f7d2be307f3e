import type { KubeClient } from '../client/kube-client.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { LEASES, type Lease, type ObjectKey } from '../resources.ts';
import { sleep } from '../sleep.ts';
import { OutageLog } from '../cache/outage-log.ts';
import { mayTake, observeLease, type LeaseObservation } from './lease-observation.ts';

export interface LeaderElectorOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Name of the Lease. */
  readonly name: string;
  /** Ours. One that survives a restart (the Pod's name) has its Lease back at once. No two processes may share it. */
  readonly identity: string;
  readonly logger: Logger;
  /** After how long without renewal others may take the Lease. Default 15,000. */
  readonly leaseDurationMs?: number;
  /** After how long without renewal we stop leading; below the lease duration, or two would lead. Default 10,000. */
  readonly renewDeadlineMs?: number;
  /** Time between attempts. Default 2,000. */
  readonly retryPeriodMs?: number;
  /** 0 ≤ x < 1. Default `Math.random`. */
  readonly random?: () => number;
  /** Monotonic milliseconds. Default `performance.now`. */
  readonly now?: () => number;
  /** Unix milliseconds. Default `Date.now`. */
  readonly wallClock?: () => number;
}

export interface LeaderCallbacks {
  /** Does the leader's work; its signal aborts when leadership ends. Ending on its own gives the Lease up. */
  readonly onStartedLeading: (signal: AbortSignal) => Promise<void>;
  /** After the work has ended. */
  readonly onStoppedLeading?: () => void;
}

/** How long the leader's work may take to end before the Lease is given up; a program has 2 s after SIGTERM. */
const STOP_PATIENCE_MS = 1_000;
/** For the request that gives the Lease up, within those 2 s. */
const RELEASE_TIMEOUT_MS = 500;
/** Random part of the time between attempts, as in client-go. */
const JITTER = 0.2;

/** Our hold on the Lease: when the request that last renewed it was begun, on two clocks. */
interface Hold {
  readonly monotonic: number;
  readonly wall: number;
}

/**
 * Leader election by a Lease, after client-go: expiry is judged by changes that we observed on our own clock. Whoever
 * leads must check {@link deadline} before each write and let no request outlast it.
 */
export class LeaderElector {
  readonly #options: Required<LeaderElectorOptions>;
  readonly #key: ObjectKey;
  readonly #outage: OutageLog;
  #seen: LeaseObservation | undefined;
  /** The Lease as we last read or wrote it. */
  #lease: Lease | undefined;
  /** Renewal times that we sent since the last answer: a write whose answer was lost may have happened. */
  readonly #sent = new Set<string>();
  #hold: Hold | undefined;

  constructor(options: LeaderElectorOptions) {
    this.#options = {
      leaseDurationMs: 15_000,
      renewDeadlineMs: 10_000,
      retryPeriodMs: 2_000,
      random: Math.random,
      now: () => performance.now(),
      wallClock: Date.now,
      ...options,
    };
    const { leaseDurationMs, renewDeadlineMs, retryPeriodMs, now, logger, name, namespace } = this.#options;
    if (!(retryPeriodMs * (1 + JITTER) < renewDeadlineMs && renewDeadlineMs < leaseDurationMs)) {
      throw new RangeError('leader election needs retry period < renew deadline < lease duration');
    }
    this.#key = { namespace, name };
    this.#outage = new OutageLog({ logger, subject: `leader election on Lease ${namespace}/${name}`, now });
  }

  /** Whether we lead now: true only as long as nobody else can. */
  isLeader(): boolean {
    return this.#options.now() < this.deadline();
  }

  /** Identity of the leader as last seen; empty when there is none. */
  get leader(): string {
    return this.#seen?.holder ?? '';
  }

  /**
   * Until when writes are safe, in milliseconds of the monotonic clock; -Infinity when we do not lead. The wall clock is
   * looked at as well, because the monotonic one stands still while a machine is suspended.
   */
  deadline(): number {
    const { renewDeadlineMs, wallClock } = this.#options;
    if (this.#hold === undefined || wallClock() - this.#hold.wall >= renewDeadlineMs) {
      return Number.NEGATIVE_INFINITY;
    }
    return this.#hold.monotonic + renewDeadlineMs;
  }

  /** Competes until the signal aborts, leading again and again; gives the Lease up at the end. Never rejects. */
  async run(callbacks: LeaderCallbacks, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (await this.#attempt(signal)) {
        await this.#lead(callbacks, signal);
      }
      await this.#pause(signal);
    }
  }

  async #lead({ onStartedLeading, onStoppedLeading }: LeaderCallbacks, signal: AbortSignal): Promise<void> {
    const { logger, identity, name } = this.#options;
    const leading = new AbortController();
    const stop = (): void => leading.abort(new Error('no longer the leader'));
    signal.addEventListener('abort', stop, { once: true });
    logger.info('Leading', { lease: name, identity });
    const work = onStartedLeading(leading.signal)
      .catch((error: unknown) => {
        if (!leading.signal.aborted) {
          logger.error("The leader's work failed; giving the Lease up", { error });
        }
      })
      .finally(stop);
    await this.#keepRenewing(leading.signal);
    stop();
    signal.removeEventListener('abort', stop);
    const patience = new AbortController();
    const ended = await Promise.race([
      work.then(() => true),
      sleep(STOP_PATIENCE_MS, patience.signal).then(() => false),
    ]);
    patience.abort();
    if (ended) {
      await this.#release();
    } else {
      logger.warn("The leader's work has not ended in time; leaving the Lease to expire", { lease: name });
      this.#hold = undefined;
      if (!signal.aborted) {
        await work; // two runs of the work in one process would be two leaders
      }
    }
    logger.info('No longer leading', { lease: name, identity });
    onStoppedLeading?.();
  }

  /** Returns when leadership is lost or the signal aborts. */
  async #keepRenewing(signal: AbortSignal): Promise<void> {
    for (;;) {
      // Not beyond the deadline: the work must be told in time, also when attempts hang.
      await this.#pause(signal, this.deadline() - this.#options.now());
      if (signal.aborted || !this.isLeader()) {
        return;
      }
      if (!(await this.#attempt(signal)) && (this.#seen?.holder !== this.#options.identity || !this.isLeader())) {
        return;
      }
    }
  }

  /** One attempt to take or renew; resolves with whether the Lease is ours for a new period. */
  async #attempt(signal: AbortSignal): Promise<boolean> {
    const { now, wallClock, renewDeadlineMs, retryPeriodMs } = this.#options;
    const begun: Hold = { monotonic: now(), wall: wallClock() };
    // Short enough for several tries before the deadline: a request on a dead connection hangs until its time is up.
    const tryMs = Math.max(retryPeriodMs, renewDeadlineMs / 3);
    const timeoutMs = this.isLeader() ? Math.max(1, Math.min(tryMs, this.deadline() - now())) : tryMs;
    try {
      const ours = await this.#takeOrRenew({ timeoutMs, signal });
      this.#outage.succeeded();
      if (ours) {
        this.#hold = begun;
      }
      return ours;
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) {
        this.#lease = undefined; // somebody was faster: look again
        return false;
      }
      if (!signal.aborted) {
        this.#outage.failed(error);
      }
      return false;
    }
  }

  async #takeOrRenew(call: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<boolean> {
    const { client, identity, leaseDurationMs, now } = this.#options;
    if (await this.#renew(call)) {
      return true;
    }
    const lease = await this.#read(call);
    if (lease === undefined) {
      const spec = this.#spec(undefined);
      this.#wrote(await client.create(LEASES, { metadata: { ...this.#key }, spec }, call));
      return true;
    }
    const before = this.#seen;
    this.#seen = observeLease(before, lease, now());
    if (before !== undefined && before.holder !== this.#seen.holder) {
      this.#options.logger.debug('Another leader', { leader: this.#seen.holder });
    }
    const stolen = this.#hold !== undefined && !this.#sent.has(lease.spec?.renewTime ?? '');
    if (stolen) {
      this.#options.logger.warn('Somebody else wrote our Lease while we led; no longer leading', {
        leader: this.#seen.holder,
        ...(this.#seen.holder === identity ? { cause: 'another process has the same --identity' } : {}),
      });
      this.#hold = undefined;
      return false;
    }
    if (!mayTake(this.#seen, { identity, now: now(), durationMs: leaseDurationMs })) {
      return false;
    }
    await this.#write(lease, call);
    return true;
  }

  /** The one request of a quiet leader; false where the Lease must be looked at first. */
  async #renew(call: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<boolean> {
    if (this.#hold === undefined || this.#lease === undefined) {
      return false;
    }
    try {
      await this.#write(this.#lease, call);
      return true;
    } catch (error) {
      if (!isConflict(error)) {
        throw error;
      }
      this.#lease = undefined; // perhaps our own write, whose answer was lost
      return false;
    }
  }

  async #read(call: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<Lease | undefined> {
    try {
      return await this.#options.client.get(LEASES, this.#key, call);
    } catch (error) {
      if (isNotFound(error)) {
        return undefined;
      }
      throw error;
    }
  }

  /** Replaces with the version that was read, so that of two that try one fails. */
  async #write(lease: Lease, call: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<void> {
    this.#wrote(await this.#options.client.replace(LEASES, { ...lease, spec: this.#spec(lease) }, call));
  }

  #wrote(lease: Lease): void {
    this.#lease = lease;
    this.#sent.clear();
    this.#sent.add(lease.spec?.renewTime ?? '');
    this.#seen = observeLease(this.#seen, lease, this.#options.now());
  }

  #spec(lease: Lease | undefined): NonNullable<Lease['spec']> {
    const { identity, leaseDurationMs } = this.#options;
    const spec = lease?.spec ?? {};
    const renewTime = this.#microTime();
    this.#sent.add(renewTime);
    const kept = spec.holderIdentity === identity && spec.acquireTime !== undefined;
    return {
      ...spec,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1_000),
      acquireTime: kept && spec.acquireTime !== undefined ? spec.acquireTime : renewTime,
      renewTime,
      leaseTransitions: (spec.leaseTransitions ?? 0) + (kept || lease === undefined ? 0 : 1),
    };
  }

  /** Now, in the API's MicroTime; random microseconds make each of our renewals recognisable. */
  #microTime(): string {
    const { wallClock, random } = this.#options;
    const micros = String(Math.floor(random() * 1_000)).padStart(3, '0');
    return new Date(wallClock()).toISOString().replace('Z', `${micros}Z`);
  }

  /** Makes the Lease free, so that the other replica need not wait for its end. */
  async #release(): Promise<void> {
    const { client, logger, identity } = this.#options;
    const [known, ours] = [this.#lease, this.isLeader()];
    this.#hold = undefined;
    this.#lease = undefined;
    if (!ours) {
      return;
    }
    const call = { timeoutMs: RELEASE_TIMEOUT_MS };
    const free = async (lease: Lease): Promise<void> => {
      const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: this.#microTime() };
      await client.replace(LEASES, { ...lease, spec }, call);
    };
    try {
      const lease = known ?? (await client.get(LEASES, this.#key, call));
      if (lease.spec?.holderIdentity !== identity) {
        return; // it is somebody else's by now, whatever the clock says
      }
      await free(lease).catch(async (error: unknown) => {
        // The renewal that the end interrupted may have happened after all.
        const newest = isConflict(error) ? await client.get(LEASES, this.#key, call) : undefined;
        if (newest === undefined || !this.#sent.has(newest.spec?.renewTime ?? '')) {
          throw error;
        }
        await free(newest);
      });
    } catch (error) {
      logger.debug('The Lease could not be given up; it expires by itself', { error });
    }
  }

  async #pause(signal: AbortSignal, atMostMs = Number.POSITIVE_INFINITY): Promise<void> {
    const { retryPeriodMs, random } = this.#options;
    const wanted = retryPeriodMs * (1 + JITTER * random());
    await sleep(Math.max(0, Math.min(wanted, atMostMs)), signal);
  }
}
