import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LBNodeStatusStatus } from '@fairlead/api';
import { now } from '../lab/index.ts';
import type { LabNode } from '../lab/index.ts';
import { createAllocated, serviceGroup } from './allocated.ts';
import { LAN, on } from './local-node.ts';
import { holders, LAN_POOLS, startLocalNodes } from './local-nodes.ts';
import type { LocalNodes } from './local-nodes.ts';

const EXCLUDE = 'node.kubernetes.io/exclude-from-external-load-balancers';

function fitness(state: string): (status: LBNodeStatusStatus) => boolean {
  return ({ fitness: seen }) => seen?.state === state;
}

function only(node: LabNode): string {
  return `nodeSelector: {matchLabels: {kubernetes.io/hostname: ${node.name}}}`;
}

function preferring(node: LabNode): string {
  return `preferredNodes: [{weight: 10, preference: {matchLabels: {kubernetes.io/hostname: ${node.name}}}}]`;
}

/** `announce` of a ServiceGroup changes at run time, while its address is asked for a thousand times a second. */
describe('an address moves when it must, and then without a packet lost', () => {
  let scene: LocalNodes;
  let address: string;
  /** Where the address is, and where it is not. */
  let here: LabNode;
  let there: LabNode;

  beforeAll(async () => {
    scene = await startLocalNodes({ nodes: 2, nodeLabels: (index) => ({ edge: index === 1 ? 'one' : 'two' }) });
    await begin('172.20.9.1');
  }, 90_000);

  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  }, 20_000);

  /** A new address: none moves more than four times in three minutes. */
  async function begin(fresh: string): Promise<void> {
    address = fresh;
    const arrival = scene.untilOn(address);
    await createAllocated(scene.lab, {
      name: `web-${address.replaceAll('.', '-')}`,
      addresses: [address],
      group: 'lan',
    });
    here = (await arrival).node;
    there = scene.lab.node(here.plan.index === 1 ? 2 : 1);
  }

  /** Waits until the node that has the address has it no more. */
  async function untilGone(mark: readonly number[]): Promise<void> {
    const from = mark[scene.lab.nodes.indexOf(here)] ?? 0;
    await scene.monitor(here).events.waitFor(on(LAN, address, true), { from });
  }

  async function announce(text: string): Promise<void> {
    await scene.lab.apply(serviceGroup('lan', LAN_POOLS, text));
  }

  /** Does something, and expects that the address moves to the other node in consequence. @returns when it came there */
  async function expectMove(cause: () => Promise<void>): Promise<number> {
    const mark = scene.mark();
    const probe = await scene.probe(address);
    await cause();
    const { node, at } = await scene.untilOn(address, { mark });
    expect(node).toBe(there);
    await untilGone(mark);
    const { lost, turns } = await probe.stop();
    expect(lost).toBe(0);
    // Both have it for a moment; the client changes over once.
    expect(turns.map((turn) => turn.node)).toEqual([here.name, there.name]);
    [here, there] = [there, here];
    return at;
  }

  test('nodeSelector that leaves the holder out: another node has it first', async () => {
    await expectMove(() => announce(`{${only(there)}}`));
    expect(await holders(scene.lab, address)).toEqual([here.name]);
  }, 40_000);

  test('nodeSelector that still selects the holder, by other words or none: nothing moves', async () => {
    const mark = scene.mark();
    const probe = await scene.probe(address);
    const node = here.plan.index === 1 ? 'one' : 'two';
    for (const text of [`{nodeSelector: {matchLabels: {edge: ${node}}}}`, '{}']) {
      await announce(text);
      // Each agent copies its Node's labels into its status when it has seen them, and the group was there before.
      await relabel(`step=${text.length}`);
    }
    expect(scene.since(mark, address)).toEqual([]);
    expect((await probe.stop()).lost).toBe(0);
  }, 40_000);

  /** Changes a label of both nodes and waits until their agents have seen it. */
  async function relabel(label: string): Promise<void> {
    const [key = '', value = ''] = label.split('=');
    await scene.lab.kubectl(['label', 'node', '--all', '--overwrite', label]);
    for (const node of scene.lab.nodes) {
      await scene.untilStatus(node, ({ nodeLabels = {} }) => nodeLabels[key] === value);
    }
  }

  test('preferredNodes with takeBack Never: a preferred node that comes back leaves the address where it is', async () => {
    const mark = scene.mark();
    await announce(`{${preferring(there)}, takeBack: Never}`);
    await scene.lab.kubectl(['label', 'node', there.name, `${EXCLUDE}=`]);
    await scene.untilStatus(there, fitness('Excluded'));
    await scene.lab.kubectl(['label', 'node', there.name, `${EXCLUDE}-`]);
    await scene.untilStatus(there, fitness('Fit'));
    await relabel('step=never');
    expect(scene.since(mark, address)).toEqual([]);
  }, 40_000);

  test('takeBack with a duration: it goes to the preferred node when that has been fit for so long', async () => {
    await scene.lab.kubectl(['label', 'node', there.name, `${EXCLUDE}=`]);
    await scene.untilStatus(there, fitness('Excluded'));
    await announce(`{${preferring(there)}, takeBack: 4s}`);
    await relabel('step=duration');
    let fitAt = 0;
    const movedAt = await expectMove(async () => {
      fitAt = now();
      await scene.lab.kubectl(['label', 'node', there.name, `${EXCLUDE}-`]);
    });
    expect(movedAt - fitAt).toBeGreaterThan(4_000);
    expect(movedAt - fitAt).toBeLessThan(9_000);
  }, 40_000);

  test('other preferredNodes: a node that has been fit for long enough has it at once', async () => {
    await begin('172.20.9.2');
    const began = now();
    const movedAt = await expectMove(() => announce(`{${preferring(there)}, takeBack: 4s}`));
    expect(movedAt - began).toBeLessThan(4_000);
  }, 40_000);

  test('interfaces that cannot be used change nothing of where it is, and all else of the group counts', async () => {
    await begin('172.20.9.3');
    await expectMove(() => announce(`{${only(there)}, interfaces: ["/eth(/"]}`));
    expect(await here.exec(['ip', '-o', 'addr', 'show', 'dev', LAN])).toContain(` ${address}/32 `);
    await announce('{}');
  }, 40_000);

  test('a nodeSelector that selects nobody takes it away, and another one brings it back', async () => {
    const mark = scene.mark();
    await announce('{nodeSelector: {matchLabels: {edge: nobody}}}');
    await untilGone(mark);
    expect(await holders(scene.lab, address)).toEqual([]);
    const back = scene.untilOn(address);
    await announce(`{${only(there)}}`);
    expect((await back).node).toBe(there);
  }, 40_000);
});
