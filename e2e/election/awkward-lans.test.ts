import { setTimeout as pass } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { claimName, formatAddress, parseAddress } from '@fairlead/api';
import type { IPFamily } from '@fairlead/api';
import { DEFAULT_HOLDER_POLICY } from '@fairlead/node-agent';
import { startControlPlane, type ControlPlane, type KubernetesObject } from '../lab/index.ts';
import {
  addFarSwitch,
  movePorts,
  plugProxy,
  PROXY_MAC,
  setPorts,
  setProxy,
  suppressBetween,
  teach,
} from '../reliability/lan-switch.ts';
import { RealLan } from './real-lan.ts';

const CLAIMS = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
const LEARNING_MS = 10_000;

interface ClaimObject extends KubernetesObject {
  readonly spec?: { readonly holderIdentity?: string };
}

describe('LANs that do not do what LANs do', () => {
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

  async function startLan(families?: readonly IPFamily[]): Promise<void> {
    lan = await RealLan.create({
      nodes: 3,
      kubeconfig: controlPlane.kubeconfig,
      ...(families === undefined ? {} : { families }),
    });
    await Promise.all(lan.nodes.map(async (_, index) => lan.startHolder(index)));
  }

  async function claimed(text: string, holder: string): Promise<void> {
    await controlPlane.api.until<ClaimObject>(CLAIMS, (lease) => lease.spec?.holderIdentity === holder, {
      fieldSelector: `metadata.name=${claimName(parseAddress(text))}`,
    });
  }

  /** Adds the addresses to Services and waits until each is claimed; the index of its holder, by address. */
  async function held(texts: readonly string[]): Promise<ReadonlyMap<string, number>> {
    lan.addServices(texts);
    const holders = new Map<string, number>();
    for (const text of texts) {
      const { mac } = await lan.announced(text, 0);
      const index = lan.nodes.findIndex((node) => node.mac === mac);
      await claimed(text, lan.node(index).name);
      holders.set(text, index);
    }
    return holders;
  }

  async function allHolders(texts: Iterable<string>): Promise<readonly string[]> {
    return Promise.all([...texts].map(async (text) => `${text} ${(await lan.kernelHolders(text)).join(' and ')}`));
  }

  /** Cuts the holder off and waits until another node has announced what it had. */
  async function failover(texts: readonly string[], victim: number): Promise<number> {
    const { mac } = lan.node(victim);
    const cutAt = performance.now();
    await lan.cut(victim);
    const gaps: number[] = [];
    for (const text of texts) {
      const { at } = await lan.until(() =>
        lan.seen.find((seen) => seen.about === text && seen.mac !== mac && seen.at > cutAt),
      );
      gaps.push(at - cutAt);
    }
    return Math.max(...gaps);
  }

  test.each<[IPFamily, (host: number) => string]>([
    ['IPv4', (host) => `10.77.1.${host}`],
    ['IPv6', (host) => `fd77::1:${host}`],
  ])(
    '%s alone is enough to find a dead node',
    async (family, addressOf) => {
      await startLan([family]);
      const texts = Array.from({ length: 9 }, (_, host) => addressOf(host));
      const holders = await held(texts);
      const victim = holders.get(texts[0] ?? '') ?? 0;
      const gap = await failover(
        texts.filter((text) => holders.get(text) === victim),
        victim,
      );
      process.stderr.write(`${family} alone: the last address answers elsewhere after ${gap.toFixed(0)} ms\n`);
      expect(gap).toBeLessThan(2000);
    },
    60_000,
  );

  test('one on which a router answers for every address (proxy ARP) is told, left alone, and used when that ends', async () => {
    await startLan(['IPv4']);
    const kept = await held(['10.77.1.1']);
    for (const index of lan.nodes.keys()) {
      await lan.stopHolder(index);
    }
    await plugProxy(lan.run, 'proxy', '10.77.0.0/16');
    await setProxy(lan.run, 'proxy', 'on');
    // Whoever starts now finds out by itself.
    for (const index of lan.nodes.keys()) {
      await lan.startHolder(index);
      lan.addServices(['10.77.1.1']);
    }
    await lan.until(() => (lan.nodes.every(({ holder }) => holder?.proxied().length === 1) ? true : undefined));
    expect(lan.node(0).holder?.proxied()).toMatchObject([{ mac: PROXY_MAC }]);
    lan.addServices(['10.77.1.2']);
    // What was there stays; what is new is not taken.
    await pass(2000);
    expect(await allHolders(['10.77.1.1', '10.77.1.2'])).toEqual([
      `10.77.1.1 ${lan.node(kept.get('10.77.1.1') ?? 0).name}`,
      '10.77.1.2 ',
    ]);
    expect(lan.nodes.flatMap(({ events }) => events).filter(({ type }) => type === 'conflict')).toEqual([]);
    await setProxy(lan.run, 'proxy', 'off');
    await lan.until(() => lan.seen.find(({ about }) => about === '10.77.1.2'), 100_000);
    expect((await lan.kernelHolders('10.77.1.2')).length).toBe(1);
  }, 180_000);

  test('one whose ports are all in learning for 10 s, with their carrier up, moves nothing, and all is as before afterwards', async () => {
    await startLan();
    const texts = Array.from({ length: 12 }, (_, host) => (host % 2 === 0 ? `10.77.2.${host}` : `fd77::2:${host}`));
    await held(texts);
    const before = await allHolders(texts);
    await setPorts(lan.run, lan.ports, 'learning');
    await pass(LEARNING_MS);
    expect(await allHolders(texts)).toEqual(before);
    await setPorts(lan.run, lan.ports, 'forwarding');
    // One that is new shows that the LAN is one again; it would have been in line behind whatever else there was to say.
    lan.addServices(['10.77.2.99']);
    await lan.announced('10.77.2.99', 0);
    await pass(2000);
    expect(await allHolders(texts)).toEqual(before);
    expect(lan.nodes.flatMap(({ events }) => events).filter(({ type }) => type !== 'announced')).toEqual([]);
  }, 60_000);

  test('a node whose port alone is in learning takes nothing; what it had is elsewhere, and it ends with one holder each', async () => {
    await startLan();
    const texts = Array.from({ length: 12 }, (_, host) => (host % 2 === 0 ? `10.77.3.${host}` : `fd77::3:${host}`));
    const holders = await held(texts);
    const victim = holders.get(texts[0] ?? '') ?? 0;
    const { name, mac, events } = lan.node(victim);
    const lost = texts.filter((text) => holders.get(text) === victim);
    events.length = 0;
    const since = performance.now();
    await setPorts(lan.run, [name], 'learning');
    for (const text of lost) {
      await lan.until(() => lan.seen.find((seen) => seen.about === text && seen.mac !== mac && seen.at > since));
    }
    expect(events).toEqual([]);
    await setPorts(lan.run, [name], 'forwarding');
    await lan.until(() => {
      const gone = new Set(
        lan.nodes.flatMap((node) =>
          node.events.flatMap((event) => (event.type === 'withdrawn' ? formatAddress(event.address) : [])),
        ),
      );
      return lost.every((text) => gone.has(text)) ? true : undefined;
    });
    for (const text of texts) {
      expect(await lan.kernelHolders(text)).toHaveLength(1);
    }
  }, 60_000);

  test('one whose switches answer questions themselves (EVPN suppression): nobody takes what a living node has, and a dead one is found', async () => {
    await startLan(['IPv4']);
    // Two leaves; node 3 is behind the other one. What goes between them is suppressed.
    const [, , far] = lan.nodes;
    const name = far?.name ?? '';
    await addFarSwitch(lan.run);
    await movePorts(lan.run, [name], 'far');
    await suppressBetween(lan.run);
    // What the leaves tell each other about their stations.
    await teach(lan.run, 'near', [{ address: '10.77.0.4', mac: far?.mac ?? '' }]);
    await teach(lan.run, 'far', [
      { address: '10.77.0.1', mac: '02:77:00:00:00:01' },
      { address: '10.77.0.2', mac: lan.node(0).mac },
      { address: '10.77.0.3', mac: lan.node(1).mac },
    ]);
    const preferences = new Map(lan.nodes.map((node) => [node.name, node.name === name ? 10 : 0]));
    const text = '10.77.4.1';
    lan.addServices([text], { preferences });
    await claimed(text, name);
    expect(await allHolders([text])).toEqual([`${text} ${name}`]);
    await teach(lan.run, 'near', [{ address: text, mac: far?.mac ?? '' }]);
    // Agents that start and know nothing of the past ask for it.
    const asked = performance.now();
    for (const index of [0, 1]) {
      await lan.stopHolder(index);
      await lan.startHolder(index);
    }
    lan.addServices([text], { preferences });
    await pass(5000);
    expect(await allHolders([text])).toEqual([`${text} ${name}`]);
    expect(lan.seen.filter(({ about, at }) => about === text && at > asked)).toEqual([]);
    const gap = await failover([text], 2);
    process.stderr.write(
      `behind suppression: the address of a dead node answers elsewhere after ${gap.toFixed(0)} ms\n`,
    );
    expect(gap).toBeLessThan(2500);
    const others = await Promise.all(
      [0, 1].map(async (index) =>
        (await lan.node(index).netlink.addresses()).filter(({ protocol }) => protocol === 201),
      ),
    );
    expect(others.flat()).toHaveLength(1);
  }, 60_000);

  test('a node whose agent is gone keeps its addresses, is told by one node, and is announced over where that was asked for', async () => {
    await startLan();
    const [victim] = lan.nodes;
    const name = victim?.name ?? '';
    const preferences = new Map(lan.nodes.map((node) => [node.name, node.name === name ? 10 : 0]));
    const kept = '10.77.5.1';
    const forced = '10.77.5.2';
    lan.addServices([kept], { preferences });
    lan.addServices([forced], { preferences, policy: { ...DEFAULT_HOLDER_POLICY, takeOver: 'Force' } });
    await claimed(kept, name);
    await claimed(forced, name);
    const gone = performance.now();
    await lan.stopHolder(0);
    const { at, mac } = await lan.until(
      () => lan.seen.find((seen) => seen.about === forced && seen.at > gone && seen.mac !== victim?.mac),
      90_000,
    );
    process.stderr.write(`announced over a node without an agent after ${((at - gone) / 1000).toFixed(1)} s\n`);
    const unfit = lan.nodes
      .flatMap(({ events }) => events)
      .flatMap((event) => (event.type === 'holder-unfit' ? `${formatAddress(event.address)} ${event.node}` : []));
    expect(unfit.sort()).toEqual([`${kept} ${name}`, `${forced} ${name}`]);
    expect(await allHolders([kept])).toEqual([`${kept} ${name}`]);
    // Both kernels answer for it; whoever asks ends with the one that has an agent.
    await lan.run.exec(['ip', 'neigh', 'flush', 'dev', 'eth0'], { namespace: 'client' });
    const asked = performance.now();
    await lan.run.exec(
      [
        process.execPath,
        '-e',
        `require('node:dgram').createSocket('udp4').send('?', 9, '${forced}', () => process.exit())`,
      ],
      { namespace: 'client' },
    );
    await lan.announced(forced, asked);
    const neighbours = await lan.run.exec(['ip', 'neigh', 'show', forced], { namespace: 'client' });
    expect(neighbours).toContain(mac);
  }, 120_000);
});
