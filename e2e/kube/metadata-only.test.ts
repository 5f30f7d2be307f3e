import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  keyText,
  metadataOnly,
  NAMESPACES,
  Reflector,
  Store,
  type KubeClient,
  type PartialObjectMetadata,
  type Projected,
} from '@fairlead/kube';
import type { ChaosProxy } from './chaos-proxy.ts';
import { Cluster, CONFIG_MAPS } from './cluster.ts';
import { MemoryLog } from './log.ts';
import { untilStore } from './until.ts';
import { storm } from './weather.ts';

interface Seen extends Projected {
  /** The object as it came, whole. */
  readonly object: PartialObjectMetadata;
}

function project(object: PartialObjectMetadata): Seen {
  const { uid = '', resourceVersion = '' } = object.metadata ?? {};
  return { key: keyText(object.metadata ?? {}), uid, resourceVersion, object };
}

/** So much of an object that nobody wants to read. */
const BULK = 'x'.repeat(100_000);

describe('objects read as metadata alone', () => {
  let cluster: Cluster;
  let direct: KubeClient;
  const log = new MemoryLog();

  beforeAll(async () => {
    cluster = await Cluster.start();
    direct = await cluster.client({ logger: log });
  }, 60_000);

  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  async function behindProxy(refuseWatchList: boolean): Promise<{ client: KubeClient; proxy: ChaosProxy }> {
    const proxy = await cluster.proxy();
    proxy.weather = { request: storm({ random: () => 1, refuseWatchList }).request, body: () => undefined };
    return { proxy, client: await cluster.client({ logger: log, server: `http://127.0.0.1:${proxy.port}` }) };
  }

  it.each([
    ['one stream', 'streamed', false],
    ['a list and a watch', 'listed', true],
  ])('come without the rest by %s, and are followed', async (_name, namespace, refuseWatchList) => {
    await direct.create(NAMESPACES, { metadata: { name: namespace } });
    const key = { namespace, name: 'before' };
    await direct.create(CONFIG_MAPS, { metadata: { ...key, labels: { team: 'a' } }, data: { text: BULK } });
    const { client, proxy } = await behindProxy(refuseWatchList);
    const store = new Store<Seen>();
    const type = metadataOnly(CONFIG_MAPS);
    const reflector = new Reflector({ client, type, project, store, logger: log, namespace });
    const end = new AbortController();
    const running = reflector.run(end.signal);
    await reflector.synced;
    await direct.patch(CONFIG_MAPS, key, { metadata: { labels: { team: 'b' } } }, { type: 'merge' });
    await direct.create(CONFIG_MAPS, { metadata: { namespace, name: 'after' }, data: { text: BULK } });
    const labels = (): unknown => store.get(`${namespace}/before`)?.object.metadata?.labels;
    await untilStore(store, () => JSON.stringify(labels()) === '{"team":"b"}' && store.size === 2, {
      timeoutMs: 10_000,
      describe: () => JSON.stringify([...store.list()]),
    });
    await direct.delete(CONFIG_MAPS, key);
    await untilStore(store, () => store.size === 1, { timeoutMs: 10_000, describe: () => `${store.size} objects` });
    end.abort();
    await running;
    for (const { object } of store.list()) {
      expect(Object.keys(object).toSorted()).toEqual(['apiVersion', 'kind', 'metadata']);
    }
    // Each of the two objects was sent at least once, and each is larger than everything that came.
    expect(proxy.answered).toBeGreaterThan(0);
    expect(proxy.answered).toBeLessThan(BULK.length / 5);
  });

  it('can be asked for one by one and in lists', async () => {
    const type = metadataOnly(NAMESPACES);
    const one = await direct.get(type, { name: 'default' });
    expect(Object.keys(one).toSorted()).toEqual(['apiVersion', 'kind', 'metadata']);
    const { items, resourceVersion } = await direct.list(type);
    expect(items.map(({ metadata }) => metadata?.name)).toContain('default');
    expect(items.flatMap(Object.keys)).not.toContain('spec');
    expect(Number(resourceVersion)).toBeGreaterThan(0);
    expect(await direct.get(NAMESPACES, { name: 'default' })).toHaveProperty('spec');
  });
});
