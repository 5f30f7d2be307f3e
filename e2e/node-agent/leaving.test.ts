import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { blocksOf } from '../docs/page.ts';
import { RELEASE_NAMESPACE, RESPONDER_PORT, startLab } from '../lab/index.ts';
import type { Lab, LabNode, LabProcess, Probe } from '../lab/index.ts';
import { holdersOf, markedAddressesOn, ourRoutesOn, untilNodeStatus } from '../scene/observe.ts';
import { createAllocated, deleteService, serviceGroup } from './allocated.ts';
import { addressEvent, routeEvent } from './kernel.ts';
import { untilEvent, Witness } from './moves.ts';
import type { Mark } from './moves.ts';

const PAGE = 'docs/nodes.md';
const run = promisify(execFile);

/** All local addresses are on node-1 at first, the node that the page tells of. */
const PREFERRED = '{preferredNodes: [{weight: 10, preference: {matchLabels: {kubernetes.io/hostname: node-1}}}]}';

/** As far as the page's commands go. */
const DAEMON_SET = `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: fairlead-node-agent, namespace: ${RELEASE_NAMESPACE}}
spec:
  selector: {matchLabels: {app: fairlead-node-agent}}
  template:
    metadata: {labels: {app: fairlead-node-agent}}
    spec:
      containers: [{name: agent, image: fairlead}]
`;

async function nothingLost(running: readonly Probe[]): Promise<void> {
  for (const probe of running) {
    const { lost, sent, overlapMs, longestGapMs } = await probe.stop();
    process.stderr.write(`handed over: ${sent} sent, ${lost} lost, overlap ${overlapMs.toFixed(1)} ms\n`);
    expect({ lost, longestGapMs }).toEqual({ lost: 0, longestGapMs: 0 });
  }
}

describe('a node that is to leave', () => {
  let lab: Lab;
  let leaver: LabNode;
  let agents: LabProcess[];
  let witness: Witness;
  let services = 0;
  let signs = 0;

  beforeAll(async () => {
    lab = await startLab({ nodes: 3 });
    leaver = lab.node(1);
    await lab.apply(serviceGroup('first', ['172.20.9.0/24', 'fd00:20::9:0/112'], PREFERRED));
    await lab.apply(serviceGroup('hosts', ['10.8.0.0/24']));
    await lab.startResponders();
    agents = await Promise.all(lab.nodes.map(async (node) => lab.startAgent(node)));
    witness = await Witness.start(lab);
  }, 90_000);

  afterAll(async () => {
    await witness?.[Symbol.asyncDispose]();
    await lab?.close();
  }, 30_000);

  interface Held {
    readonly name: string;
    readonly addresses: readonly [string, string];
  }

  /** A new Service of one address, as a sign that agents are awake. @returns the node that has taken it */
  async function sign(): Promise<LabNode> {
    signs += 1;
    const [name, address] = [`sign-${signs}`, `172.20.9.${100 + signs}`];
    const mark = witness.mark();
    await createAllocated(lab, { name, addresses: [address], group: 'first' });
    const holder = await witness.came(address, mark);
    await deleteService(lab, name);
    return holder;
  }

  /** Peers hear that a node is fit a moment after it is: from then on the preferred one has what is new. */
  async function untilPreferred(): Promise<void> {
    for (let attempt = 0; (await sign()) !== leaver; attempt += 1) {
      if (attempt === 20) {
        throw new Error(`${leaver.name} is preferred and gets nothing`);
      }
    }
  }

  /**
   * A new Service with an address of each family, both on node-1. Each test has its own: an address moves four times in
   * 180 s. On a busy machine another node may be quicker than the preferred one, by 150 ms: then there is another Service.
   */
  async function onLeaver(): Promise<Held> {
    await untilPreferred();
    for (let attempt = 0; attempt < 5; attempt += 1) {
      services += 1;
      const held: Held = { name: `web-${services}`, addresses: [`172.20.9.${services}`, `fd00:20::9:${services}`] };
      const mark = witness.mark();
      await createAllocated(lab, { ...held, group: 'first' });
      const holders = await Promise.all(held.addresses.map((address) => witness.came(address, mark)));
      if (holders.every((holder) => holder === leaver)) {
        return held;
      }
      await deleteService(lab, held.name);
    }
    throw new Error(`${leaver.name} is preferred, and others are quicker`);
  }

  async function probes({ addresses }: Held): Promise<readonly Probe[]> {
    return Promise.all(
      addresses.map(async (address) => lab.probe({ from: 'client', address, port: RESPONDER_PORT, intervalMs: 1 })),
    );
  }

  /** Both addresses go to another node, which is heard before node-1 lets go. */
  async function handedOver({ addresses }: Held, mark: Mark, timeoutMs = 15_000): Promise<void> {
    for (const address of addresses) {
      const { to, announcedAt, letGoAt } = await witness.moved(address, leaver, mark, { timeoutMs });
      expect(announcedAt).toBeLessThan(letGoAt);
      expect(await holdersOf(lab, address)).toEqual([to.name]);
    }
  }

  /** A new Service shows that all agents were awake; nothing that was there has moved. */
  async function nothingMoved({ addresses }: Held, mark: Mark): Promise<void> {
    await sign();
    expect(witness.changes(addresses, mark)).toEqual([]);
  }

  /** Runs the commands that the page has under a heading, as they stand there. */
  async function asThePageSays(heading: string): Promise<void> {
    const block = (await blocksOf(PAGE)).find((each) => each.heading === heading && each.language === 'sh');
    if (block === undefined) {
      throw new Error(`${PAGE} has no commands under ${heading}`);
    }
    const { kubectlPath, kubeconfig } = lab.controlPlane;
    const PATH = [dirname(kubectlPath), process.env['PATH'] ?? ''].join(':');
    await run('sh', ['-ec', block.text], { env: { PATH, KUBECONFIG: kubeconfig, HOME: lab.run.directory } });
  }

  async function untilFit(node: LabNode): Promise<void> {
    await untilNodeStatus(lab, node, ({ fitness }) => fitness?.state === 'Fit');
  }

  test.each([
    ['drained', 'Drained', 'Drain a node', 'Take a drained node back'],
    ['labelled to be excluded from load balancers', 'ExcludeLabel', 'The label of Kubernetes', 'Without the label'],
  ])(
    '%s: each address is announced elsewhere before it lets go, 0 packets lost; nothing moves when it is back',
    async (_, reason, leave, back) => {
      const held = await onLeaver();
      const running = await probes(held);
      const mark = witness.mark();
      await asThePageSays(leave);
      await handedOver(held, mark);
      const status = await untilNodeStatus(lab, leaver, ({ fitness, localCount }) => {
        return fitness?.state === 'Excluded' && localCount === 0;
      });
      expect(status.fitness?.reason).toBe(reason);
      await nothingLost(running);
      const after = witness.mark();
      await asThePageSays(back);
      await untilFit(leaver);
      await nothingMoved(held, after);
      await deleteService(lab, held.name);
    },
    60_000,
  );

  test('a node that is annotated and not cordoned stays: the annotation alone means nothing', async () => {
    const held = await onLeaver();
    const mark = witness.mark();
    await lab.kubectl(['annotate', 'node', leaver.name, 'fairlead.dev/drain=true']);
    await sign();
    expect(witness.changes(held.addresses, mark)).toEqual([]);
    await lab.kubectl(['annotate', 'node', leaver.name, 'fairlead.dev/drain-']);
    await deleteService(lab, held.name);
  }, 30_000);

  test('drained: virtual routes go first, their addresses a second later', async () => {
    const mark = witness.mark();
    await createAllocated(lab, { name: 'far', addresses: ['10.8.0.1'], group: 'hosts' });
    for (const node of lab.nodes) {
      await witness.seen(node, routeEvent('10.8.0.1'), mark);
    }
    const drained = witness.mark();
    await asThePageSays('Drain a node');
    const route = await witness.seen(leaver, routeEvent('10.8.0.1', true), drained);
    const address = await witness.seen(leaver, addressEvent('10.8.0.1', true), drained);
    expect(address.at - route.at).toBeGreaterThan(900);
    expect(await ourRoutesOn(lab.node(2))).toHaveLength(1);
    const back = witness.mark();
    await asThePageSays('Take a drained node back');
    await witness.seen(leaver, routeEvent('10.8.0.1'), back);
    await deleteService(lab, 'far');
  }, 30_000);

  test('NetworkUnavailable for 30 s: hands over, 0 packets lost; for a moment: nothing moves', async () => {
    const held = await onLeaver();
    const before = witness.mark();
    await networkUnavailable(true);
    // Something that happens meanwhile must not make it forget, nor the end of it a moment later move anything.
    await networkUnavailable(false);
    await nothingMoved(held, before);
    await createAllocated(lab, { name: 'far', addresses: ['10.8.0.4'], group: 'hosts' });
    await witness.seen(leaver, routeEvent('10.8.0.4'), before);
    const running = await probes(held);
    const mark = witness.mark();
    await networkUnavailable(true);
    const began = performance.now();
    await lab.kubectl(['label', 'node', leaver.name, 'example.com/meanwhile=1']);
    await handedOver(held, mark, 45_000);
    expect(performance.now() - began).toBeGreaterThan(29_000);
    await nothingLost(running);
    const { fitness } = await untilNodeStatus(lab, leaver, (status) => status.fitness?.state === 'Excluded');
    expect(fitness?.reason).toBe('NetworkUnavailable');
    const route = await witness.seen(leaver, routeEvent('10.8.0.4', true), mark);
    const address = await witness.seen(leaver, addressEvent('10.8.0.4', true), mark);
    expect(address.at - route.at).toBeGreaterThan(900);
    const after = witness.mark();
    await networkUnavailable(false);
    await untilFit(leaver);
    await witness.seen(leaver, routeEvent('10.8.0.4'), after);
    await deleteService(lab, 'far');
    await nothingMoved(held, after);
    await deleteService(lab, held.name);
  }, 90_000);

  async function networkUnavailable(is: boolean): Promise<void> {
    const status = is ? 'True' : 'False';
    await lab.api.patch(
      `/api/v1/nodes/${leaver.name}/status`,
      { status: { conditions: [{ type: 'NetworkUnavailable', status, reason: 'Test', message: '' }] } },
      'strategic',
    );
  }

  test('all nodes excluded: nothing moves any more, 0 packets lost, NoSuccessor on the Service', async () => {
    const held = await onLeaver();
    const running = await probes(held);
    const label = 'node.kubernetes.io/exclude-from-external-load-balancers';
    const mark = witness.mark();
    const others = lab.nodes.filter((node) => node !== leaver);
    for (const nodes of [others, [leaver]]) {
      await lab.kubectl(['label', 'nodes', ...nodes.map(({ name }) => name), `${label}=`]);
      for (const node of nodes) {
        await untilNodeStatus(lab, node, ({ fitness }) => fitness?.state === 'Excluded');
      }
    }
    expect(await untilEvent(lab, held.name, 'NoSuccessor')).toContain('no other node can take it');
    await lab.kubectl(['label', 'nodes', '--all', `${label}-`]);
    for (const node of lab.nodes) {
      await untilFit(node);
    }
    await nothingMoved(held, mark);
    await nothingLost(running);
    await deleteService(lab, held.name);
  }, 60_000);

  test('no LBNodeAgent selects it any more: after 10 s it hands over, 0 packets lost, and nothing of ours is left on it', async () => {
    const held = await onLeaver();
    await createAllocated(lab, { name: 'far', addresses: ['10.8.0.2'], group: 'hosts' });
    const running = await probes(held);
    const mark = witness.mark();
    await asThePageSays('Say which nodes announce');
    await handedOver(held, mark, 30_000);
    await witness.seen(leaver, addressEvent('10.8.0.2', true), mark);
    await nothingLost(running);
    expect([await markedAddressesOn(lab, leaver), await ourRoutesOn(leaver)]).toEqual([[], []]);
    const { fitness } = await untilNodeStatus(lab, leaver, (status) => status.fitness?.state === 'Excluded');
    expect(fitness?.reason).toBe('NotSelected');
    const after = witness.mark();
    await lab.api.delete('/apis/fairlead.dev/v1/lbnodeagents/edge');
    await untilFit(leaver);
    await nothingMoved(held, after);
    await deleteService(lab, 'far');
    await deleteService(lab, held.name);
  }, 60_000);

  test('a new agent leaves everything as it is, one that is to withdraw hands over; with the last of them nothing of ours is left', async () => {
    const held = await onLeaver();
    await createAllocated(lab, { name: 'far', addresses: ['10.8.0.3'], group: 'hosts' });
    const running = await probes(held);
    const rollout = witness.mark();
    await restart(leaver);
    await nothingMoved(held, rollout);
    // The page's command is for the DaemonSet; the lab has no kubelets that would follow it, so the test does.
    await lab.apply(DAEMON_SET);
    await asThePageSays('Uninstall');
    const environment = await environmentOfAgents();
    expect(environment).toEqual({ FAIRLEAD_WITHDRAW: 'true' });
    const mark = witness.mark();
    await restart(leaver, environment);
    // It is ready when nothing is left, which is what a rollout waits for.
    await handedOver(held, mark);
    const route = await witness.seen(leaver, routeEvent('10.8.0.3', true), mark);
    const address = await witness.seen(leaver, addressEvent('10.8.0.3', true), mark);
    expect(address.at - route.at).toBeGreaterThan(900);
    expect([await markedAddressesOn(lab, leaver), await ourRoutesOn(leaver)]).toEqual([[], []]);
    await nothingLost(running);
    await restart(lab.node(2), environment);
    await restart(lab.node(3), environment);
    for (const node of lab.nodes) {
      expect([await markedAddressesOn(lab, node), await ourRoutesOn(node)]).toEqual([[], []]);
    }
    // Installed again, the Services are where they were promised to be.
    const again = witness.mark();
    await Promise.all(lab.nodes.map(async (node) => restart(node)));
    for (const each of held.addresses) {
      await witness.came(each, again);
    }
  }, 90_000);

  /** What the Pods of the DaemonSet would have in their environment. */
  async function environmentOfAgents(): Promise<Readonly<Record<string, string>>> {
    const { spec } = await lab.api.get<{
      spec: { template: { spec: { containers: readonly { env?: readonly { name: string; value: string }[] }[] } } };
    }>(`/apis/apps/v1/namespaces/${RELEASE_NAMESPACE}/daemonsets/fairlead-node-agent`);
    const { env = [] } = spec.template.spec.containers[0] ?? {};
    return Object.fromEntries(env.map(({ name, value }) => [name, value]));
  }

  async function restart(node: LabNode, environment: Readonly<Record<string, string>> = {}): Promise<void> {
    const position = lab.nodes.indexOf(node);
    await agents[position]?.kill('SIGTERM');
    agents[position] = await lab.startAgent(node, { environment });
  }
});
