import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LeaderElector, LEASES, type KubeClient, type LeaderElectorOptions } from '@fairlead/kube';
import type { ChaosProxy } from './chaos-proxy.ts';
import { Cluster } from './cluster.ts';
import { MemoryLog } from './log.ts';
import { randomFrom, seedOfRun } from './random.ts';

/** A fifth of what runs in production, so that a take-over takes seconds. */
const TIMES = { leaseDurationMs: 3_000, renewDeadlineMs: 2_000, retryPeriodMs: 400 } as const;

/** Times of leadership on the one clock of this process. */
interface Reign {
  readonly from: number;
  until: number;
}

/** An elector whose work is to reign until it must stop. */
class Candidate {
  readonly log = new MemoryLog();
  readonly elector: LeaderElector;
  readonly reigns: Reign[] = [];
  readonly #controller = new AbortController();
  readonly #run: Promise<void>;
  #next = Promise.withResolvers<void>();

  constructor(options: Pick<LeaderElectorOptions, 'client' | 'identity' | 'name'> & Partial<LeaderElectorOptions>) {
    this.elector = new LeaderElector({ namespace: 'default', logger: this.log, ...TIMES, ...options });
    this.#run = this.elector.run(
      { onStartedLeading: async (signal) => await this.#reign(signal) },
      this.#controller.signal,
    );
  }

  /** Resolves when it starts, or has started since the last time this was asked. */
  async leads(): Promise<Reign> {
    await this.#next.promise;
    this.#next = Promise.withResolvers();
    const reign = this.reigns.at(-1);
    if (reign === undefined) {
      throw new Error('nobody reigns');
    }
    return reign;
  }

  async stop(): Promise<void> {
    this.#controller.abort();
    await this.#run;
  }

  async #reign(signal: AbortSignal): Promise<void> {
    const reign = { from: performance.now(), until: Number.POSITIVE_INFINITY };
    this.reigns.push(reign);
    this.#next.resolve();
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    reign.until = performance.now();
  }
}

/** Pairs of reigns of different candidates that overlap. */
function overlaps(candidates: readonly Candidate[]): [Reign, Reign][] {
  return candidates.flatMap((one, index) =>
    candidates
      .slice(index + 1)
      .flatMap((other) =>
        one.reigns.flatMap((a) =>
          other.reigns.filter((b) => a.from < b.until && b.from < a.until).map((b): [Reign, Reign] => [a, b]),
        ),
      ),
  );
}

describe('leader election', () => {
  let cluster: Cluster;
  const log = new MemoryLog();

  beforeAll(async () => {
    cluster = await Cluster.start();
  }, 60_000);

  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  async function behindProxy(): Promise<{ proxy: ChaosProxy; client: KubeClient }> {
    const proxy = await cluster.proxy();
    return { proxy, client: await cluster.client({ logger: log, server: `http://127.0.0.1:${proxy.port}` }) };
  }

  it('has one leader, and the next one at once when it gives the Lease up', async () => {
    const client = await cluster.client({ logger: log });
    const first = new Candidate({ client, identity: 'a', name: 'release' });
    await first.leads();
    expect([first.elector.isLeader(), first.elector.leader]).toEqual([true, 'a']);
    expect(first.elector.deadline() - performance.now()).toBeGreaterThan(0);
    const second = new Candidate({ client, identity: 'b', name: 'release' });
    await first.stop();
    expect([first.elector.isLeader(), first.elector.deadline()]).toEqual([false, Number.NEGATIVE_INFINITY]);
    const { from } = await second.leads();
    expect(overlaps([first, second])).toEqual([]);
    // One retry period with its jitter, not the duration of the Lease.
    expect(from - (first.reigns[0]?.until ?? 0)).toBeLessThan(1_000);
    const lease = await client.get(LEASES, { namespace: 'default', name: 'release' });
    expect(lease.spec).toMatchObject({ holderIdentity: 'b', leaseDurationSeconds: 3 });
    await second.stop();
  });

  it('stops before anybody else can start when its network goes half-open', async () => {
    const [a, b] = [await behindProxy(), await behindProxy()];
    const first = new Candidate({ client: a.client, identity: 'a', name: 'half-open' });
    await first.leads();
    const second = new Candidate({ client: b.client, identity: 'b', name: 'half-open' });
    a.proxy.freeze();
    const frozenAt = performance.now();
    const reign = await second.leads();
    expect(overlaps([first, second])).toEqual([]);
    expect(first.elector.isLeader()).toBe(false);
    expect(reign.from - frozenAt).toBeGreaterThan(TIMES.leaseDurationMs - TIMES.retryPeriodMs * 1.2);
    expect(reign.from - frozenAt).toBeLessThan(TIMES.leaseDurationMs + 3 * TIMES.retryPeriodMs + 500);
    // Back on the net, it stands behind the new leader.
    a.proxy.thaw();
    await second.stop();
    await first.leads();
    expect(overlaps([first, second])).toEqual([]);
    await first.stop();
  }, 30_000);

  it('gives a Lease back at once to a process that comes again under its name', async () => {
    const lost = await behindProxy();
    const client = await cluster.client({ logger: log });
    const before = new Candidate({ client: lost.client, identity: 'pod-0', name: 'restart' });
    await before.leads();
    lost.proxy.freeze(); // as a process that was killed: it gives nothing up
    const stopped = before.stop();
    const begun = performance.now();
    const after = new Candidate({ client, identity: 'pod-0', name: 'restart' });
    const { from } = await after.leads();
    expect(from - begun).toBeLessThan(500);
    await stopped;
    await after.stop();
  });

  it('stops leading when another process has the same identity', async () => {
    const client = await cluster.client({ logger: log });
    const first = new Candidate({ client, identity: 'twin', name: 'twins' });
    const reign = await first.leads();
    const [warned, stopped] = [first.log.next('warn'), first.log.next('info')];
    const second = new Candidate({ client, identity: 'twin', name: 'twins' });
    await second.leads();
    expect(await warned).toContain('Somebody else wrote our Lease');
    expect(await stopped).toContain('No longer leading');
    expect(reign.until).toBeLessThan(Number.POSITIVE_INFINITY);
    await Promise.all([first.stop(), second.stop()]);
  });

  it('gives the Lease up when its work ends or fails', async () => {
    const client = await cluster.client({ logger: log });
    const controller = new AbortController();
    const lines = new MemoryLog();
    const elector = new LeaderElector({
      client,
      identity: 'a',
      namespace: 'default',
      name: 'work',
      logger: lines,
      ...TIMES,
    });
    const { promise: stopped, resolve } = Promise.withResolvers<void>();
    const run = elector.run(
      {
        onStartedLeading: async () => {
          throw new Error('no work');
        },
        onStoppedLeading: resolve,
      },
      controller.signal,
    );
    await stopped;
    controller.abort();
    await run;
    expect(lines.of('error').join('')).toMatch(/The leader's work failed/);
    const lease = await client.get(LEASES, { namespace: 'default', name: 'work' });
    expect(lease.spec?.holderIdentity ?? '').toBe('');
  });

  it('never has two leaders while networks come and go', async () => {
    const seed = seedOfRun();
    console.log(`coming and going with FAIRLEAD_SEED=${seed}`);
    const random = randomFrom(seed);
    const paths = [await behindProxy(), await behindProxy(), await behindProxy()];
    const candidates = paths.map(
      ({ client }, index) => new Candidate({ client, identity: `c${index}`, name: 'coming-and-going', random }),
    );
    for (let round = 0; round < 4; round += 1) {
      const leading = await Promise.race(
        candidates.map(async (candidate, index) => {
          await candidate.leads();
          return index;
        }),
      );
      for (const [index, { proxy }] of paths.entries()) {
        if (index === leading) {
          proxy.freeze();
          proxy.cut();
        } else {
          proxy.thaw();
        }
      }
    }
    for (const { proxy } of paths) {
      proxy.thaw();
    }
    await Promise.all(candidates.map(async (candidate) => await candidate.stop()));
    expect(overlaps(candidates)).toEqual([]);
    expect(candidates.flatMap(({ reigns }) => reigns).length).toBeGreaterThanOrEqual(4);
  }, 60_000);
});
