import { afterEach, beforeAll, afterAll, describe, expect, test } from '@jest/globals';
import { claimName, formatAddress, parseAddress } from '@fairlead/api';
import { startControlPlane, type ControlPlane, type KubernetesObject } from '../lab/index.ts';
import { RealLan } from './real-lan.ts';

const CLAIMS = '/apis/coordination.k8s.io/v1/namespaces/default/leases';

interface ClaimObject extends KubernetesObject {
  readonly spec?: { readonly holderIdentity?: string };
}

describe('holders on a real LAN', () => {
  let controlPlane: ControlPlane;
  let lan: RealLan;

  beforeAll(async () => {
    controlPlane = await startControlPlane();
  }, 60_000);

  afterAll(async () => {
    await controlPlane?.close();
  }, 30_000);

  afterEach(async () => {
    await lan?.[Symbol.asyncDispose]();
    await controlPlane.api.delete(CLAIMS);
  }, 30_000);

  async function startLan(nodes: number): Promise<void> {
    lan = await RealLan.create({ nodes, kubeconfig: controlPlane.kubeconfig });
    await Promise.all(lan.nodes.map(async (_, index) => lan.startHolder(index)));
    // Claims are watched; one that all holders know shows that they are ready.
    lan.addServices(['10.77.9.9']);
    await lan.announced('10.77.9.9', 0);
  }

  /** Waits until the claim names the node on whose interface the address is. */
  async function claimed(text: string, holder: string): Promise<void> {
    await controlPlane.api.until<ClaimObject>(CLAIMS, (lease) => lease.spec?.holderIdentity === holder, {
      fieldSelector: `metadata.name=${claimName(parseAddress(text))}`,
    });
  }

  test('an address of either family is announced by one node as soon as the proof is done, and claimed by it', async () => {
    await startLan(3);
    const waits: number[] = [];
    for (let index = 0; index < 20; index += 1) {
      const text = index % 2 === 0 ? `10.77.1.${index}` : `fd77::1:${index}`;
      const since = performance.now();
      lan.addServices([text]);
      const { at } = await lan.announced(text, since);
      waits.push(at - since);
      const holders = await lan.kernelHolders(text);
      expect(holders).toHaveLength(1);
      await claimed(text, holders[0] ?? '');
    }
    waits.sort((a, b) => a - b);
    process.stderr.write(`status → announced, ms: ${waits.map((wait) => wait.toFixed(1)).join(' ')}\n`);
    // Nothing is announced before the proof is done; the figure itself is the benchmark's.
    expect(waits[0]).toBeGreaterThanOrEqual(99);
    expect(waits[10]).toBeLessThan(500);
  }, 60_000);

  test('a node that is cut off loses its addresses to the others at once, and ends with one holder each when it is back', async () => {
    await startLan(3);
    const texts = Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? `10.77.2.${index}` : `fd77::2:${index}`));
    lan.addServices(texts);
    const owners = new Map<string, string>();
    for (const text of texts) {
      await lan.announced(text, 0);
      const [holder = ''] = await lan.kernelHolders(text);
      owners.set(text, holder);
      await claimed(text, holder);
    }
    const victim = 0;
    const { name, mac } = lan.node(victim);
    const lost = texts.filter((text) => owners.get(text) === name);
    expect(lost.length).toBeGreaterThan(2);
    const cutAt = performance.now();
    await lan.cut(victim);
    const cutDone = performance.now();
    const gaps: number[] = [];
    for (const text of lost) {
      const { at } = await lan.until(() =>
        lan.seen.find((seen) => seen.about === text && seen.mac !== mac && seen.at > cutAt),
      );
      gaps.push(at - cutAt);
    }
    process.stderr.write(
      `cut took ${(cutDone - cutAt).toFixed(0)} ms; gaps, ms: ${gaps.map((gap) => gap.toFixed(0)).join(' ')}\n`,
    );
    expect(Math.max(...gaps)).toBeLessThan(2000);
    const joined = performance.now();
    await lan.join(victim);
    await lan.until(() => {
      const events = lan.nodes.flatMap((node) => node.events);
      const withdrawn = new Set(
        events.flatMap((event) => (event.type === 'withdrawn' ? formatAddress(event.address) : [])),
      );
      return lost.every((text) => withdrawn.has(text)) ? true : undefined;
    });
    process.stderr.write(`one holder each ${(performance.now() - joined).toFixed(0)} ms after the node is put back\n`);
    for (const text of lost) {
      const holders = await lan.kernelHolders(text);
      expect(holders).toHaveLength(1);
      await claimed(text, holders[0] ?? '');
    }
  }, 60_000);

  test('a holder that is killed and started again moves nothing and announces what its kernel has', async () => {
    await startLan(3);
    lan.addServices(['10.77.3.1']);
    const { mac } = await lan.announced('10.77.3.1', 0);
    const index = lan.nodes.findIndex((node) => node.mac === mac);
    await claimed('10.77.3.1', lan.node(index).name);
    await lan.stopHolder(index);
    const restarted = performance.now();
    await lan.startHolder(index);
    lan.node(index).holder?.setCandidate(lan.candidate(parseAddress('10.77.3.1')));
    await lan.announced('10.77.3.1', restarted);
    expect(new Set(lan.seen.filter(({ about }) => about === '10.77.3.1').map((seen) => seen.mac))).toEqual(
      new Set([mac]),
    );
    expect(await lan.kernelHolders('10.77.3.1')).toEqual([lan.node(index).name]);
  }, 60_000);

  test('an address that a foreign host has is not taken, and the conflict names its MAC', async () => {
    await startLan(3);
    await lan.run.exec(['ip', 'address', 'add', '10.77.4.1/32', 'dev', 'eth0'], { namespace: 'client' });
    lan.addServices(['10.77.4.1']);
    const conflict = await lan.until(() =>
      lan.nodes.flatMap(({ events }) => events).find(({ type }) => type === 'conflict'),
    );
    expect(conflict).toMatchObject({ mac: '02:77:00:00:00:01', held: false });
    expect(await lan.kernelHolders('10.77.4.1')).toEqual([]);
  }, 60_000);

  test('333 addresses a node, all at once, are announced in seconds, each by one node', async () => {
    await startLan(3);
    const texts = Array.from({ length: 999 }, (_, index) => `10.77.${10 + Math.floor(index / 250)}.${index % 250}`);
    const since = performance.now();
    lan.addServices(texts);
    const wanted = new Set(texts);
    let checked = 0;
    await lan.until(() => {
      for (; checked < lan.seen.length; checked += 1) {
        wanted.delete(lan.seen[checked]?.about ?? '');
      }
      return wanted.size === 0 ? true : undefined;
    }, 30_000);
    const took = performance.now() - since;
    process.stderr.write(`999 addresses announced after ${took.toFixed(0)} ms\n`);
    expect(took).toBeLessThan(20_000);
    const counts = lan.nodes.map(({ holder }) => holder?.held().length ?? 0);
    // The one that showed that the holders were ready is among them.
    expect(counts.reduce((a, b) => a + b, 0)).toBe(1000);
    expect(Math.min(...counts)).toBeGreaterThan(250);
  }, 90_000);
});
