import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  EventRecorder,
  EVENTS,
  keyText,
  NAMESPACES,
  Reflector,
  Store,
  type EventInput,
  type KubeClient,
  type KubeEvent,
  type Projected,
} from '@fairlead/kube';
import { Cluster, CONFIG_MAPS } from './cluster.ts';
import { MemoryLog } from './log.ts';
import { untilStore } from './until.ts';

interface Seen extends Projected {
  readonly event: KubeEvent;
}

const reporter = { reportingController: 'fairlead.dev/allocator', reportingInstance: 'pod-0' } as const;

function input(namespace: string | undefined, name: string, note = '192.0.2.10'): EventInput {
  return {
    regarding: { apiVersion: 'v1', kind: 'Service', name, uid: `uid-${name}`, ...(namespace && { namespace }) },
    type: 'Normal',
    reason: 'AddressAssigned',
    action: 'Allocate',
    note,
  };
}

function project(event: KubeEvent): Seen {
  const { uid = '', resourceVersion = '' } = event.metadata ?? {};
  return { key: keyText(event.metadata ?? {}), uid, resourceVersion, event };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

describe('event recorder', () => {
  let cluster: Cluster;
  let client: KubeClient;
  const log = new MemoryLog();
  const store = new Store<Seen>();
  const end = new AbortController();
  let watching: Promise<void>;

  beforeAll(async () => {
    cluster = await Cluster.start();
    client = await cluster.client({ logger: log });
    const reflector = new Reflector({ client, type: EVENTS, project, store, logger: log });
    watching = reflector.run(end.signal);
    await reflector.synced;
    await client.create(NAMESPACES, { metadata: { name: 'shop' } });
  }, 60_000);

  afterAll(async () => {
    end.abort();
    await watching;
    await cluster[Symbol.asyncDispose]();
  });

  const about = (name: string): KubeEvent[] =>
    [...store.list()].map(({ event }) => event).filter(({ regarding }) => regarding?.name === name);

  async function until(condition: () => boolean): Promise<void> {
    await untilStore(store, condition, { timeoutMs: 30_000, describe: () => log.lines.slice(-5).join('\n') });
  }

  it('writes the first event at once, where kubectl finds it', async () => {
    await using recorder = new EventRecorder({ client, logger: log, ...reporter });
    recorder.record(input('shop', 'web'));
    await until(() => about('web').length === 1);
    expect(about('web')[0]).toMatchObject({ metadata: { namespace: 'shop' }, note: '192.0.2.10', ...reporter });
    const table = await cluster.controlPlane.kubectl(['events', '-n', 'shop', '--for', 'service/web']);
    expect(table).toMatch(/Normal\s+AddressAssigned\s+Service\/web\s+192\.0\.2\.10/);
  });

  it('folds what is repeated into the first event, and writes the count once an interval', async () => {
    await using recorder = new EventRecorder({ client, logger: log, seriesIntervalMs: 1_000, ...reporter });
    for (let repeat = 0; repeat < 50; repeat += 1) {
      recorder.record(input('shop', 'stuck'));
    }
    await until(() => about('stuck').length === 1);
    recorder.record(input('shop', 'stuck'));
    await until(() => about('stuck')[0]?.series?.count === 51);
    expect(about('stuck')).toHaveLength(1);
    recorder.record(input('shop', 'stuck', 'something else'));
    await until(() => about('stuck').length === 2);
  });

  it('folds one topic into a series that tells its newest note, once an interval', async () => {
    await using recorder = new EventRecorder({ client, logger: log, seriesIntervalMs: 1_000, ...reporter });
    const tell = (note: string): void => recorder.record({ ...input('shop', 'topical', note), topic: 'refused' });
    tell('first');
    await until(() => about('topical').length === 1);
    for (let note = 0; note < 50; note += 1) {
      tell(`note ${note}`);
    }
    await until(() => about('topical').length === 2);
    expect(about('topical').map(({ note, series }) => [note, series?.count])).toEqual(
      expect.arrayContaining([
        ['first', undefined],
        ['note 49', undefined],
      ]),
    );
    tell('note 49');
    await until(() => about('topical').some(({ series }) => series?.count === 2));
    expect(about('topical')).toHaveLength(2);
  });

  it('goes on in a new event when the old one is gone', async () => {
    await using recorder = new EventRecorder({ client, logger: log, seriesIntervalMs: 200, ...reporter });
    recorder.record(input('shop', 'old'));
    await until(() => about('old').length === 1);
    const { name = '' } = about('old')[0]?.metadata ?? {};
    await client.delete(EVENTS, { namespace: 'shop', name });
    await until(() => about('old').length === 0);
    recorder.record(input('shop', 'old'));
    await until(() => about('old')[0]?.series?.count === 2);
    expect(about('old')).toHaveLength(1);
  });

  it('tells of objects without a namespace in default, and nothing to a namespace that is going away', async () => {
    await client.create(NAMESPACES, { metadata: { name: 'leaving' } });
    await client.delete(NAMESPACES, { name: 'leaving' }); // without its controller it stays in Terminating
    await using recorder = new EventRecorder({ client, logger: log, ...reporter });
    recorder.record(input('leaving', 'gone'));
    recorder.record(input(undefined, 'node-1'));
    await until(() => about('node-1').length === 1);
    expect(about('node-1')[0]?.metadata?.namespace).toBe('default');
    expect([about('gone').length, recorder.dropped, log.of('warn')]).toEqual([0, 0, []]);
  });

  it('comes through refusals and cuts', async () => {
    await using proxy = await cluster.proxy();
    const own = await cluster.client({ logger: log, server: `http://127.0.0.1:${proxy.port}` });
    let failures = 3;
    proxy.weather = {
      body: () => undefined,
      request: () => {
        failures -= 1;
        return failures < 0 ? undefined : failures === 1 ? { type: 'cut' } : { type: 'answer', status: 500, body: '' };
      },
    };
    await using recorder = new EventRecorder({ client: own, logger: log, ...reporter });
    recorder.record(input('shop', 'sturdy'));
    await until(() => about('sturdy').length === 1);
    expect([failures < 0, recorder.dropped]).toEqual([true, 0]);
  });

  it('does not hold up other calls with 1,000 events, and never throws, whatever it is given', async () => {
    const key = { namespace: 'shop', name: 'busy' };
    await client.create(CONFIG_MAPS, { metadata: key });
    const patches = async (): Promise<number> => {
      const times: number[] = [];
      for (let count = 0; count < 100; count += 1) {
        const begun = performance.now();
        await client.patch(CONFIG_MAPS, key, { data: { count: String(times.length) } }, { type: 'merge' });
        times.push(performance.now() - begun);
      }
      return median(times);
    };
    const quiet = await patches();
    await using recorder = new EventRecorder({ client, logger: log, rate: 1_000, burst: 1_000, ...reporter });
    const begun = performance.now();
    for (let count = 0; count < 1_000; count += 1) {
      recorder.record(input('shop', `many-${count}`));
    }
    expect(performance.now() - begun).toBeLessThan(200);
    const busy = await patches();
    console.log(`a patch takes ${quiet.toFixed(1)} ms, with 1,000 events behind it ${busy.toFixed(1)} ms`);
    expect(busy).toBeLessThan(quiet * 2 + 3);
    await until(
      () => [...store.list()].filter(({ event }) => event.regarding?.name?.startsWith('many-')).length === 1_000,
    );
    expect(() => recorder.record(input('No_Namespace', '', 'x'.repeat(100_000)))).not.toThrow();
  }, 60_000);
});
