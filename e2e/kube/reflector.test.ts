import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  keyText,
  NAMESPACES,
  Reflector,
  Store,
  type Change,
  type KubeClient,
  type Projected,
  type ReflectorOptions,
} from '@fairlead/kube';
import type { ChaosProxy } from './chaos-proxy.ts';
import { churn } from './churn.ts';
import { Cluster, CONFIG_MAPS, type ConfigMap } from './cluster.ts';
import { MemoryLog } from './log.ts';
import { randomFrom, seedOfRun } from './random.ts';
import { untilStore } from './until.ts';
import { storm } from './weather.ts';

/** How long the storm lasts. */
const SOAK_SECONDS = Number(process.env['FAIRLEAD_SOAK_SECONDS'] ?? 30);
/** Silence after which a watch is dead, here; the bookmarks of a minute do not come in such a short test. */
const SILENCE_MS = 2_000;

interface Kept extends Projected {
  readonly half: string;
}

function project({ metadata }: ConfigMap): Kept {
  const { uid = '', resourceVersion = '', labels } = metadata;
  return { key: keyText(metadata), uid, resourceVersion, half: labels?.['half'] ?? '' };
}

/** What a listener believes exists, built from the changes alone; a change that does not fit is a failure. */
class Follower {
  readonly objects = new Map<string, Kept>();
  readonly mistakes: string[] = [];
  synced = 0;

  readonly follow = (change: Change<Kept>): void => {
    switch (change.type) {
      case 'added':
        this.#expect(!this.objects.has(change.object.key), `added twice: ${change.object.key}`);
        this.objects.set(change.object.key, change.object);
        break;
      case 'updated':
        this.#expect(this.objects.get(change.object.key) === change.previous, `wrong previous: ${change.object.key}`);
        this.#expect(change.previous.uid === change.object.uid, `another object as update: ${change.object.key}`);
        this.objects.set(change.object.key, change.object);
        break;
      case 'deleted':
        this.#expect(this.objects.get(change.previous.key) === change.previous, `wrong: ${change.previous.key}`);
        this.objects.delete(change.previous.key);
        break;
      default:
        this.synced += 1;
    }
  };

  #expect(holds: boolean, mistake: string): void {
    if (!holds) {
      this.mistakes.push(mistake);
    }
  }
}

interface Mirror extends AsyncDisposable {
  readonly store: Store<Kept, 'half'>;
  readonly follower: Follower;
  readonly reflector: Reflector<ConfigMap, Kept>;
  readonly signal: AbortSignal;
}

function mirror(
  client: KubeClient,
  logger: MemoryLog,
  options: Partial<ReflectorOptions<ConfigMap, Kept>> = {},
): Mirror {
  const store = new Store<Kept, 'half'>({ indices: { half: ({ half }) => [half] } });
  const follower = new Follower();
  store.subscribe(follower.follow);
  const reflector = new Reflector<ConfigMap, Kept>({ client, type: CONFIG_MAPS, project, store, logger, ...options });
  const controller = new AbortController();
  const run = reflector.run(controller.signal);
  return {
    store,
    follower,
    reflector,
    signal: controller.signal,
    [Symbol.asyncDispose]: async () => {
      controller.abort();
      await run;
    },
  };
}

/** One line an object, to compare what is with what should be. */
function lines(objects: Iterable<Kept>): string {
  return [...objects]
    .map(({ key, uid, resourceVersion }) => `${key} ${uid} ${resourceVersion}`)
    .sort()
    .join('\n');
}

/** The lines that only one side has. */
function difference(is: string, expected: string): string {
  const [has, wants] = [new Set(is.split('\n')), new Set(expected.split('\n'))];
  const extra = [...has].filter((line) => !wants.has(line));
  const missing = [...wants].filter((line) => !has.has(line));
  return `too much:\n${extra.join('\n')}\nmissing:\n${missing.join('\n')}`;
}

function collectGarbage(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

describe('reflector', () => {
  let cluster: Cluster;
  let direct: KubeClient;
  const log = new MemoryLog();
  let namespaces = 0;

  beforeAll(async () => {
    cluster = await Cluster.start();
    direct = await cluster.client({ logger: log });
  }, 60_000);

  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  async function newNamespace(): Promise<string> {
    namespaces += 1;
    const name = `test-${namespaces}`;
    await direct.create(NAMESPACES, { metadata: { name } });
    return name;
  }

  async function truth(namespace: string, labelSelector?: string): Promise<string> {
    const selector = labelSelector === undefined ? {} : { labelSelector };
    return lines((await direct.list(CONFIG_MAPS, { namespace, ...selector })).items.map(project));
  }

  async function untilTrue(mirrored: Mirror, namespace: string, labelSelector?: string): Promise<void> {
    const expected = await truth(namespace, labelSelector);
    await untilStore(mirrored.store, () => lines(mirrored.store.list()) === expected, {
      timeoutMs: 60_000,
      describe: () => difference(lines(mirrored.store.list()), expected),
    });
    expect(lines(mirrored.follower.objects.values())).toBe(expected);
    expect(mirrored.follower.mistakes).toEqual([]);
  }

  const create = async (namespace: string, name: string): Promise<ConfigMap> =>
    await direct.create(CONFIG_MAPS, { metadata: { namespace, name, labels: { half: 'left' } } });

  it.each([
    ['one stream, where the server has WatchList', false],
    ['a list and a watch, where it has not', true],
  ])('fills its store by %s, then follows', async (_name, refuseWatchList) => {
    const namespace = await newNamespace();
    await create(namespace, 'before');
    await using proxy = await cluster.proxy();
    const fair = { request: () => undefined, body: () => undefined };
    proxy.weather = refuseWatchList ? { ...fair, request: storm({ random: () => 1, refuseWatchList }).request } : fair;
    const client = await cluster.client({ logger: log, server: `http://127.0.0.1:${proxy.port}` });
    await using mirrored = mirror(client, log, { namespace });
    await mirrored.reflector.synced;
    expect([mirrored.store.size, mirrored.reflector.hasSynced, mirrored.follower.synced]).toEqual([1, true, 1]);
    await create(namespace, 'after');
    await direct.delete(CONFIG_MAPS, { namespace, name: 'before' });
    await untilTrue(mirrored, namespace);
    // WatchList: one watch; else: the refused one, a list, a watch.
    const path = `GET /api/v1/namespaces/${namespace}/configmaps`;
    expect(proxy.requests.filter((request) => request === path)).toHaveLength(refuseWatchList ? 3 : 1);
    expect(mirrored.reflector.lastContact).toBeGreaterThan(0);
  });

  it('tells an object that was deleted and made anew while the watch was away as deleted and added', async () => {
    const namespace = await newNamespace();
    await create(namespace, 'phoenix');
    await using proxy = await cluster.proxy();
    const client = await cluster.client({ logger: log, server: `http://127.0.0.1:${proxy.port}` });
    await using mirrored = mirror(client, log, { namespace });
    await mirrored.reflector.synced;
    const changes: string[] = [];
    mirrored.store.subscribe(({ type }) => changes.push(type));
    const away = storm({ random: () => 0 }); // 429 to everybody
    proxy.weather = away;
    proxy.cut();
    await direct.delete(CONFIG_MAPS, { namespace, name: 'phoenix' });
    await create(namespace, 'phoenix');
    // Expired, so that the way back is a list, which shows only the new one.
    let expired = false;
    proxy.weather = {
      body: () => undefined,
      request: ({ url }) => {
        if (expired || url.searchParams.get('resourceVersion') === null) {
          return undefined;
        }
        expired = true;
        return { type: 'answer', status: 410, body: '{"kind":"Status","code":410,"reason":"Expired"}' };
      },
    };
    await untilTrue(mirrored, namespace);
    expect(expired).toBe(true);
    expect(changes).toEqual(['deleted', 'added', 'synced']);
  });

  it('waits for a type that does not exist yet, and says so once', async () => {
    const logger = new MemoryLog();
    const client = await cluster.client({ logger });
    const store = new Store<Kept>();
    const type = { apiVersion: 'test.fairlead.dev/v1', kind: 'Thing', plural: 'things', namespaced: false };
    const reflector = new Reflector<ConfigMap, Kept>({ client, type, project, store, logger, random: () => 0.5 });
    const controller = new AbortController();
    const run = reflector.run(controller.signal);
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.test.fairlead.dev' },
      spec: {
        group: 'test.fairlead.dev',
        scope: 'Cluster',
        names: { kind: 'Thing', plural: 'things', singular: 'thing', listKind: 'ThingList' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    };
    await logger.next('warn');
    expect(reflector.hasSynced).toBe(false);
    await direct.request({
      method: 'POST',
      path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      body: crd,
    });
    await reflector.synced;
    controller.abort();
    await run;
    expect(logger.of('warn')).toEqual(['warn The watch of things fails and is tried again']);
    expect(logger.of('info')).toEqual(['info The watch of things works again']);
  }, 30_000);

  it('leaves nothing behind on its signal, however often the watch is opened again', async () => {
    const namespace = await newNamespace();
    await using proxy = await cluster.proxy();
    const client = await cluster.client({ logger: log, server: `http://127.0.0.1:${proxy.port}` });
    await using mirrored = mirror(client, log, { namespace, random: () => 0 });
    await mirrored.reflector.synced;
    for (let round = 0; round < 20; round += 1) {
      proxy.cut();
      await create(namespace, `object-${round}`);
      await untilTrue(mirrored, namespace);
    }
    expect(getEventListeners(mirrored.signal, 'abort').length).toBeLessThanOrEqual(3);
  });

  it('hears of a new object within 5 s of the end of an outage, on every watch', async () => {
    const namespace = await newNamespace();
    await create(namespace, 'before');
    await using one = mirror(direct, log, { namespace });
    await using other = mirror(direct, log, { namespace, labelSelector: 'half=left' });
    await Promise.all([one.reflector.synced, other.reflector.synced]);
    const { apiServer } = cluster.controlPlane;
    await apiServer.kill();
    await delay(10_000); // an outage in which the back-off has grown to its cap
    expect(lines(one.store.list())).not.toBe('');
    apiServer.start();
    await cluster.controlPlane.ready();
    const returned = performance.now();
    await create(namespace, 'after');
    await Promise.all([untilTrue(one, namespace), untilTrue(other, namespace, 'half=left')]);
    expect(performance.now() - returned).toBeLessThan(5_000);
    // Taken up where it had stopped; or, where the new API server's cache begins later than that, by one more list.
    expect(one.follower.synced).toBeLessThanOrEqual(2);
  }, 60_000);

  it(
    `always comes to the truth through ${SOAK_SECONDS} s of cuts, silence, delays, refusals and lies, in flat memory`,
    async () => {
      const seed = seedOfRun();
      console.log(`storm with FAIRLEAD_SEED=${seed}, ${SOAK_SECONDS} s`);
      const random = randomFrom(seed);
      const namespace = await newNamespace();
      const proxies: ChaosProxy[] = [];
      const open = async (refuseWatchList: boolean): Promise<KubeClient> => {
        const proxy = await cluster.proxy();
        proxy.weather = storm({ random, refuseWatchList });
        proxies.push(proxy);
        const server = `http://127.0.0.1:${proxy.port}`;
        return await cluster.client({ logger: log, server, watchSilenceMs: SILENCE_MS });
      };
      const [modern, old] = [await open(false), await open(true)];
      const labelSelector = 'half=left';
      await using all = mirror(modern, log, { namespace, random });
      await using some = mirror(modern, log, { namespace, labelSelector, random });
      await using listed = mirror(old, log, { namespace, random });
      const mirrors = [all, some, listed];

      const end = performance.now() + SOAK_SECONDS * 1_000;
      let writes = 0;
      let rounds = 0;
      let heapAtFirst = 0;
      while (performance.now() < end) {
        const pause = new AbortController();
        const writing = [1, 2].map(() => churn({ client: direct, namespace, random, names: 150 }, pause.signal));
        await delay(Math.min(2_000, Math.max(0, end - performance.now())));
        pause.abort();
        for (const proxy of proxies.filter(() => random() < 0.3)) {
          proxy.cut();
        }
        writes += (await Promise.all(writing)).reduce((sum, each) => sum + each, 0);
        // The storm goes on; only the truth stands still for a moment.
        await Promise.all([
          untilTrue(all, namespace),
          untilTrue(some, namespace, labelSelector),
          untilTrue(listed, namespace),
        ]);
        rounds += 1;
        heapAtFirst = rounds === 2 ? collectGarbage() : heapAtFirst;
      }
      expect(rounds).toBeGreaterThan(2);
      const heapAtLast = collectGarbage();
      const requests = proxies.reduce((sum, proxy) => sum + proxy.requests.length, 0);
      const grownMiB = (heapAtLast - heapAtFirst) / 2 ** 20;
      console.log(
        `${rounds} times the truth after ${writes} writes; ${requests} requests through the storm, ` +
          `${mirrors.map(({ follower }) => follower.synced).join('/')} full lists; heap ${grownMiB.toFixed(1)} MiB more`,
      );
      // A busy machine writes less, and less goes wrong; nothing at all would prove nothing.
      expect(requests).toBeGreaterThan(mirrors.length * 3);
      expect(grownMiB).toBeLessThan(8);
      expect(Math.max(...mirrors.map(({ signal }) => getEventListeners(signal, 'abort').length))).toBeLessThanOrEqual(
        3,
      );
      expect(log.of('error')).toEqual([]);
    },
    (SOAK_SECONDS + 120) * 1_000,
  );
});
