import { setTimeout as delay } from 'node:timers/promises';
import { AllocatorCluster, addressesOf } from './cluster.ts';
import { relayedAllocator } from './relayed.ts';

/** Longer than the Lease lasts, and long enough for every back-off to be at its cap. */
const AWAY_MS = 17_000;
/** What is promised, from the server's return to the address of a new Service. */
const PROMISED_MS = 5_000;
/** A connect or a call that met silence may have to end first, and only then is the Lease asked for again. */
const AFTER_SILENCE_MS = 10_000;

async function served(cluster: AllocatorCluster, name: string): Promise<number> {
  const begun = performance.now();
  await cluster.create(name);
  await cluster.until(name, (service) => addressesOf(service).length > 0, { timeoutMs: 60_000 });
  return performance.now() - begun;
}

// Both are about waiting, so they wait together, each with a control plane of its own.

it.concurrent(
  'a new Service is served within 5 s when the API server was away for longer than the Lease lasts',
  async () => {
    await using cluster = await AllocatorCluster.start();
    const { plane } = cluster;
    await cluster.group('default', { pools: [{ range: '192.0.2.0/24' }] });
    await Promise.all(['a', 'b'].map((identity) => cluster.allocator({ identity })));
    await served(cluster, 'before');
    await plane.apiServer.kill('SIGKILL');
    await delay(AWAY_MS);
    plane.apiServer.start();
    await plane.ready();
    const returned = performance.now();
    await served(cluster, 'after');
    const took = performance.now() - returned;
    console.log(`served ${took.toFixed(0)} ms after the API server's return`);
    expect(took).toBeLessThan(PROMISED_MS);
  },
  120_000,
);

it.concurrent(
  'a new Service is served soon after a silent outage, in which no connection was ever closed',
  async () => {
    await using cluster = await AllocatorCluster.start();
    await cluster.group('default', { pools: [{ range: '192.0.2.0/24' }] });
    const allocator = await relayedAllocator(cluster, { identity: 'a' });
    await using relay = allocator.relay;
    await served(cluster, 'before');
    relay.hold({ coming: true });
    await delay(AWAY_MS);
    relay.admit(); // the connections of before stay dead for good
    const took = await served(cluster, 'after');
    console.log(`served ${took.toFixed(0)} ms after the end of the silence`);
    expect(took).toBeLessThan(AFTER_SILENCE_MS);
  },
  120_000,
);
