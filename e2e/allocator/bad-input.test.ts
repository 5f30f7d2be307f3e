import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AllocatorCluster, addressesOf, readiness, untilReady } from './cluster.ts';

let cluster: AllocatorCluster;

beforeAll(async () => {
  cluster = await AllocatorCluster.start();
  await cluster.group('default', { pools: [{ range: '192.0.2.0/24' }] });
}, 60_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

/** Resolves once the program answers at all, with what `/readyz` says. */
async function firstAnswer(url: string): Promise<string> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const answer = await readiness(url);
    if (answer !== 'no answer' || performance.now() > deadline) {
      return answer;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

it('waits for a kubeconfig that is not there yet, says what it waits for, and then works', async () => {
  const kubeconfig = join(cluster.plane.run.directory, 'later.kubeconfig');
  const flags = ['--leader-elect=false'];
  const allocator = await cluster.allocator({ kubeconfig, flags, wait: false });
  expect(await firstAnswer(allocator.url)).toContain('Services');
  await allocator.process.waitForLog(/later\.kubeconfig/);
  await copyFile(cluster.plane.kubeconfig, kubeconfig);
  await untilReady(allocator);
  await cluster.create('served');
  await cluster.until('served', (object) => addressesOf(object).length > 0);
  await allocator.process.kill('SIGTERM');
  await rm(kubeconfig);
}, 40_000);

it('waits for an API server that is away, and serves within 5 s of its return', async () => {
  await cluster.plane.apiServer.kill('SIGTERM');
  const allocator = await cluster.allocator({
    kubeconfig: cluster.plane.kubeconfig,
    flags: ['--leader-elect=false'],
    wait: false,
  });
  expect(await firstAnswer(allocator.url)).toContain('waiting for the API server');
  await allocator.process.waitForLog(/refuses connections/);
  cluster.plane.apiServer.start();
  await cluster.plane.ready();
  await cluster.create('after-outage');
  const begun = performance.now();
  await cluster.until('after-outage', (object) => addressesOf(object).length > 0);
  const waited = performance.now() - begun;
  console.log(`served ${waited.toFixed(0)} ms after the API server was back`);
  expect(waited).toBeLessThan(5_000);
  const stopped = performance.now();
  expect(await allocator.process.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(performance.now() - stopped).toBeLessThan(2_000);
}, 60_000);
