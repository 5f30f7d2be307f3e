import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isNetworkError, keyText, NAMESPACES, Reflector, Store, type KubeClient, type Projected } from '@fairlead/kube';
import type { ChaosProxy, Weather } from './chaos-proxy.ts';
import { Cluster, CONFIG_MAPS, type ConfigMap } from './cluster.ts';
import { MemoryLog } from './log.ts';
import { untilStore } from './until.ts';
import { storm } from './weather.ts';

/** Far below the 90 s of silence after which a watch that nobody doubts is given up. */
const PROMPT_MS = 10_000;
/** Of calls that get no answer. */
const CALL_MS = 300;

function project({ metadata }: ConfigMap): Projected {
  const { uid = '', resourceVersion = '' } = metadata;
  return { key: keyText(metadata), uid, resourceVersion };
}

interface Watched extends AsyncDisposable {
  readonly client: KubeClient;
  readonly proxy: ChaosProxy;
  readonly namespace: string;
  readonly store: Store<Projected>;
  readonly reflector: Reflector<ConfigMap, Projected>;
  /** Queries of the requests for the watched type, in order. */
  readonly queries: readonly URLSearchParams[];
  /** The proxy's weather when nothing goes wrong. */
  readonly fair: Weather;
}

async function until({ store }: Watched, ...names: readonly string[]): Promise<void> {
  const found = (): string => [...store.keys()].map((key) => key.split('/')[1]).join();
  await untilStore(store, () => found() === names.join(), { timeoutMs: PROMPT_MS, describe: found });
}

describe('behind connections that are dead and were never closed', () => {
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

  /** A watch on a namespace of its own, with one object in it, that is complete. */
  async function watch(namespace: string, refuseWatchList = false): Promise<Watched> {
    await direct.create(NAMESPACES, { metadata: { name: namespace } });
    await direct.create(CONFIG_MAPS, { metadata: { namespace, name: 'before' } });
    const proxy = await cluster.proxy();
    const client = await cluster.client({ logger: log, server: `http://127.0.0.1:${proxy.port}` });
    const queries: URLSearchParams[] = [];
    const { request } = storm({ random: () => 1, refuseWatchList });
    const fair: Weather = {
      request: (info) => {
        if (info.url.pathname.endsWith('configmaps')) {
          queries.push(info.url.searchParams);
        }
        return request(info);
      },
      body: () => undefined,
    };
    proxy.weather = fair;
    const store = new Store<Projected>();
    const reflector = new Reflector({ client, type: CONFIG_MAPS, project, store, logger: log, namespace });
    const end = new AbortController();
    const running = reflector.run(end.signal);
    await reflector.synced;
    const stop = async (): Promise<void> => {
      end.abort();
      await running;
    };
    return { client, proxy, namespace, store, reflector, queries, fair, [Symbol.asyncDispose]: stop };
  }

  async function changeUnseen({ proxy, namespace, fair }: Watched): Promise<void> {
    proxy.freeze();
    await direct.create(CONFIG_MAPS, { metadata: { namespace, name: 'unseen' } });
    await direct.delete(CONFIG_MAPS, { namespace, name: 'before' });
    proxy.thaw(fair);
  }

  it.each([
    ['one stream', 'refresh-stream', false],
    ['a list and a watch', 'refresh-list', true],
  ])('a reflector that is told to reads anew, consistently, and goes on, by %s', async (_name, namespace, refuse) => {
    await using watched = await watch(namespace, refuse);
    await changeUnseen(watched);
    expect(watched.store.get(`${namespace}/before`)).toBeDefined();
    const asked = watched.queries.length;
    await watched.reflector.refresh();
    await until(watched, 'unseen');
    // Without a version the server answers from its storage, or from a cache that has caught up with it.
    const [read] = watched.queries.slice(asked);
    expect([read?.get('resourceVersion'), read?.has('sendInitialEvents')]).toEqual([null, !refuse]);
    await direct.create(CONFIG_MAPS, { metadata: { namespace, name: 'zebra' } });
    await until(watched, 'unseen', 'zebra');
  });

  it('a reflector that is told to twice reads what there was at the second time', async () => {
    await using watched = await watch('twice');
    const first = watched.reflector.refresh();
    await changeUnseen(watched);
    await Promise.all([first, watched.reflector.refresh()]);
    expect([...watched.store.keys()]).toEqual(['twice/unseen']);
  });

  it('a quiet watch is opened again where it stopped as soon as calls are answered again', async () => {
    await using watched = await watch('doubt');
    const { client, proxy, queries, fair } = watched;
    proxy.freeze();
    await direct.create(CONFIG_MAPS, { metadata: { namespace: 'doubt', name: 'unseen' } });
    const call = client.get(NAMESPACES, { name: 'default' }, { timeoutMs: CALL_MS });
    expect(isNetworkError(await call.catch((error: unknown) => error))).toBe(true);
    const asked = queries.length;
    proxy.thaw(fair);
    const begun = performance.now();
    await client.get(NAMESPACES, { name: 'default' }, { timeoutMs: CALL_MS });
    await until(watched, 'before', 'unseen');
    console.log(`heard ${(performance.now() - begun).toFixed(0)} ms after the first answer`);
    expect(queries.slice(asked).map((query) => Number(query.get('resourceVersion')) > 0)).toEqual([true]);
  });

  it('a client that met silence once does not try the other connections of that time', async () => {
    const proxy = await cluster.proxy();
    const client = await cluster.client({ logger: log, server: `http://127.0.0.1:${proxy.port}` });
    const get = async (): Promise<unknown> => await client.get(NAMESPACES, { name: 'default' }, { timeoutMs: CALL_MS });
    await Promise.all(Array.from({ length: 12 }, get));
    expect(proxy.connections).toBeGreaterThan(2);
    proxy.freeze();
    expect(isNetworkError(await get().catch((error: unknown) => error))).toBe(true);
    proxy.thaw();
    for (let call = 0; call < 3; call += 1) {
      await get();
    }
  });
});
