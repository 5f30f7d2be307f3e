/**
 * How long a route takes from the node's kernel into the ToR's, and what watching the sessions costs:
 * `node e2e/router/measure.ts`, as root. Prints figures; the floor is the same route added to the ToR by netlink.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatPrefix, parsePrefix } from '@fairlead/api';
import type { Prefix } from '@fairlead/api';
import { addRoute, deleteRoute } from '@fairlead/netlink';
import type { Netlink } from '@fairlead/netlink';
import { buildRouterView, RouterController } from '@fairlead/router';
import { formatNumber, quantile } from '../bench/figures.ts';
import { Fib } from './fib.ts';
import { areEstablished, statusOf } from './status.ts';
import {
  birdFolder,
  group,
  neighbor,
  NODE,
  NODE_FACTS,
  router,
  spawnBird,
  spawnTor,
  startTopology,
  TOR,
} from './topology.ts';

const ROUNDS = 200;
const IDLE_SECONDS = 20;
const BULK = 10_000;

/** Milliseconds from the request to the event, of a route added by `from` and heard of by `to`. */
async function roundTrip(from: Netlink, to: Netlink, index: number, dst: Prefix): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const name = formatPrefix(dst);
  const end = to.subscribe((event) => {
    if (
      event.type === 'route' &&
      event.action === 'new' &&
      event.route.dst !== null &&
      formatPrefix(event.route.dst) === name
    ) {
      resolve(performance.now());
    }
  });
  const start = performance.now();
  await must(from, addRoute({ dst, index, protocol: 201 }));
  const arrived = await promise;
  end();
  return arrived - start;
}

async function must(netlink: Netlink, request: Parameters<Netlink['execute']>[0][number]): Promise<void> {
  const [result] = await netlink.execute([request]);
  if (result?.ok !== true) {
    throw new Error(`netlink refuses: ${result?.error.message}`);
  }
}

async function indexOf(netlink: Netlink, name: string): Promise<number> {
  const link = (await netlink.links()).find((candidate) => candidate.name === name);
  if (link === undefined) {
    throw new Error(`no interface ${name}`);
  }
  return link.index;
}

/** Milliseconds until the ToR has all of `count` new routes. */
async function bulk(
  from: Netlink,
  to: Netlink,
  index: number,
  count: number,
  prefixOf: (n: number) => Prefix,
): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wanted = new Set(Array.from({ length: count }, (_, n) => formatPrefix(prefixOf(n))));
  const end = to.subscribe((event) => {
    if (event.type === 'route' && event.action === 'new' && event.route.dst !== null) {
      wanted.delete(formatPrefix(event.route.dst));
      if (wanted.size === 0) {
        resolve();
      }
    }
  });
  const start = performance.now();
  const results = await from.execute(
    Array.from({ length: count }, (_, n) => addRoute({ dst: prefixOf(n), index, protocol: 201 })),
  );
  if (results.some(({ ok }) => !ok)) {
    throw new Error('netlink refuses a route');
  }
  await promise;
  end();
  return performance.now() - start;
}

const print = (what: string, value: number, unit: string): void => {
  process.stdout.write(`${what}: ${formatNumber(value)} ${unit}\n`);
};

const run = await startTopology();
const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: console.error };
try {
  await spawnTor(run);
  await mkdir(birdFolder(run, NODE));
  const controller = new RouterController({
    directory: birdFolder(run, NODE),
    templateDirectory: join(import.meta.dirname, '..', '..', 'bird-templates'),
    logger,
  });
  controller.update(
    buildRouterView({
      router: router([neighbor({ name: 'tor-1' })]),
      serviceGroups: [group('virtual', ['10.0.0.0/8', '2001:db8:5::/64'])],
      secrets: new Map(),
      node: NODE_FACTS,
    }),
  );
  // BIRD ends at once where it finds no configuration.
  await statusOf(controller, ({ configuration }) => configuration.type === 'waiting');
  spawnBird(run, NODE);
  await using node = await Fib.open(run.namespacePath(NODE));
  await using tor = await Fib.open(run.namespacePath(TOR));
  const index = await indexOf(node.netlink, 'kube-lb0');
  const torIndex = await indexOf(tor.netlink, 'eth0');
  await statusOf(controller, areEstablished('tor-1'));

  for (const [family, prefixOf] of [
    ['IPv4', (n: number) => parsePrefix(`10.1.${n >> 8}.${n & 255}/32`)],
    ['IPv6', (n: number) => parsePrefix(`2001:db8:5::${(n + 1).toString(16)}/128`)],
  ] as const) {
    const samples: number[] = [];
    const floor: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const dst = prefixOf(round);
      samples.push(await roundTrip(node.netlink, tor.netlink, index, dst));
      await must(node.netlink, deleteRoute({ dst, index, protocol: 201 }));
      await tor.until('delete', formatPrefix(dst));
      floor.push(await roundTrip(tor.netlink, tor.netlink, torIndex, dst));
      await must(tor.netlink, deleteRoute({ dst, index: torIndex, protocol: 201 }));
    }
    print(`${family} route added -> in the ToR's kernel, p50 of ${ROUNDS}`, quantile(samples, 0.5), 'ms');
    print(`${family} route added -> in the ToR's kernel, p99`, quantile(samples, 0.99), 'ms');
    print(`${family} floor: added in the ToR itself -> heard of, p50`, quantile(floor, 0.5), 'ms');
    print(
      `${family}: ${BULK} routes added -> all in the ToR's kernel`,
      await bulk(node.netlink, tor.netlink, index, BULK, prefixOf),
      'ms',
    );
  }

  const before = process.cpuUsage();
  await new Promise((resolve) => {
    setTimeout(resolve, IDLE_SECONDS * 1000);
  });
  const { user, system } = process.cpuUsage(before);
  print(
    `processor time of watching one session, ${2 * BULK} routes`,
    (user + system) / 1e4 / IDLE_SECONDS,
    '% of a core',
  );
  await controller.close();
} finally {
  await run.close();
}
