import { jest } from '@jest/globals';
import { ADDRESSES_ALLOCATED } from '@fairlead/api';
import type { ServiceView, Verdict } from '@fairlead/ipam';
import type { Service } from '@fairlead/kube';
import { createLogger, createMetrics } from '@fairlead/runtime';
import { createAllocatorMetrics } from '../metrics.ts';
import { projectService } from '../objects/service.ts';
import type { ServiceEvent } from './write.ts';
import { ServiceWriter } from './writer.ts';

const OURS = { loadBalancerClass: 'fairlead.dev/fairlead', isDefaultClass: false };
const ADDRESS = '192.0.2.1';

type Ingress = NonNullable<NonNullable<Service['status']>['loadBalancer']>['ingress'];
type Conditions = NonNullable<NonNullable<Service['status']>['conditions']>;

interface StatusPatch {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string | null>> };
  readonly status: { readonly loadBalancer?: { readonly ingress: Ingress | null }; readonly conditions?: Conditions };
}

/** One Service in memory, as far as patches of its status go, and a writer that is to make it say its verdict. */
class Scene {
  readonly events: ServiceEvent[] = [];
  patches = 0;
  service: Service = {
    metadata: {
      name: 'web',
      namespace: 'shop',
      uid: 'u',
      resourceVersion: '1',
      managedFields: [{ manager: 'rival', subresource: 'status', fieldsV1: { 'f:status': { 'f:loadBalancer': {} } } }],
    },
    spec: { type: 'LoadBalancer', loadBalancerClass: OURS.loadBalancerClass, ipFamilies: ['IPv4'] },
  };
  readonly verdict: Verdict = {
    kind: 'allocated',
    addresses: [ADDRESS],
    group: 'default',
    orphaned: [],
    refusal: undefined,
    moved: false,
  };
  readonly writer: ServiceWriter;

  constructor() {
    const client = {
      get: () => Promise.resolve(this.service),
      patch: (_type: unknown, _key: unknown, patch: unknown) => {
        this.patches += 1;
        this.apply(patch as StatusPatch);
        return Promise.resolve(this.service);
      },
      health: { onRecovery: () => () => {} },
    };
    this.writer = new ServiceWriter({
      client: client as unknown as ConstructorParameters<typeof ServiceWriter>[0]['client'],
      logger: createLogger({ process: 'test', level: 'error' }),
      recorder: { record: (_service, event) => this.events.push(event) },
      metrics: createAllocatorMetrics(createMetrics(), {
        isLeader: () => true,
        sizes: () => ({ services: 1, addresses: 1, waiting: 0, queued: 0, contested: 0 }),
      }),
      read: () => ({ view: this.view, verdict: this.verdict }),
      learn: (key) => this.writer.add(key),
      deadline: () => Number.POSITIVE_INFINITY,
      now: () => performance.now(),
      wallClock: Date.now,
    });
  }

  get view(): ServiceView {
    const view = projectService(this.service, OURS);
    if (view === undefined) {
      throw new Error('not ours');
    }
    return view;
  }

  get addresses(): readonly (string | undefined)[] {
    return (this.service.status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip);
  }

  get reason(): string | undefined {
    return this.service.status?.conditions?.find(({ type }) => type === ADDRESSES_ALLOCATED)?.reason;
  }

  /** What the API server makes of a strategic merge patch. */
  apply({ metadata, status }: StatusPatch): void {
    const before = this.service;
    const types = new Set((status.conditions ?? []).map(({ type }) => type));
    const kept = (before.status?.conditions ?? []).filter(({ type }) => !types.has(type));
    const annotations = Object.entries({ ...before.metadata?.annotations, ...metadata?.annotations });
    this.service = {
      ...before,
      metadata: {
        ...before.metadata,
        annotations: Object.fromEntries(annotations.flatMap(([name, text]) => (text === null ? [] : [[name, text]]))),
        resourceVersion: String(Number(before.metadata?.resourceVersion) + 1),
      },
      status: {
        loadBalancer:
          status.loadBalancer === undefined
            ? (before.status?.loadBalancer ?? {})
            : { ingress: status.loadBalancer.ingress ?? [] },
        conditions: [...kept, ...(status.conditions ?? [])],
      },
    };
    this.writer.add('shop/web');
  }

  /** Somebody else writes the status, for so long every 10 ms. */
  async contend(forMs: number): Promise<void> {
    for (let at = 0; at < forMs; at += 10) {
      this.apply({ status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } } });
      await jest.advanceTimersByTimeAsync(10);
    }
  }
}

describe('a Service whose status another program keeps overwriting', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('says so, and has its addresses back a minute after the last restore when the other has stopped', async () => {
    const scene = new Scene();
    const end = new AbortController();
    const running = scene.writer.run(end.signal);
    scene.writer.add('shop/web');
    await jest.advanceTimersByTimeAsync(0);
    expect([scene.addresses, scene.reason, scene.patches]).toEqual([[ADDRESS], 'Allocated', 1]);

    await scene.contend(10_000);
    // Three restores, and one write that says so.
    expect([scene.addresses, scene.reason, scene.patches]).toEqual([['203.0.113.9'], 'Contested', 5]);
    expect(scene.events.at(-1)?.note).toMatch(/^Contested: The program "rival" keeps overwriting/);
    expect(scene.writer.contested).toBe(1);

    await jest.advanceTimersByTimeAsync(49_000);
    expect(scene.patches).toBe(5);
    await jest.advanceTimersByTimeAsync(2_000);
    expect([scene.addresses, scene.reason, scene.patches]).toEqual([[ADDRESS], 'Allocated', 6]);
    expect(scene.view.observed.reason).toBeUndefined();
    expect(scene.writer.contested).toBe(0);
    end.abort();
    await running;
  });

  it('is put back in growing rounds while the other goes on', async () => {
    const scene = new Scene();
    const end = new AbortController();
    const running = scene.writer.run(end.signal);
    scene.writer.add('shop/web');
    await jest.advanceTimersByTimeAsync(0);
    await scene.contend(3.5 * 60_000);
    // At once, after one minute and after two more: three restores and a note each, after the first write of all.
    expect(scene.patches).toBe(1 + 3 * 4);
    end.abort();
    await running;
  });
});
