import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BackendAnswer, Deployment, Lab, LabNode } from '../lab/index.ts';
import { LOCAL_GROUP, service, VIRTUAL_GROUP } from '../scene/manifests.ts';
import { createService, deleteService, holdersOf, ourRoutesOn, untilAddresses, urlOf } from '../scene/observe.ts';
import { startScene } from '../scene/scene.ts';
import type { Scene } from '../scene/scene.ts';
import { routeEvent } from './kernel.ts';
import { Witness } from './moves.ts';

const PORT = 80;
const PODS = '/api/v1/namespaces/default/pods';
const SERVICES = '/api/v1/namespaces/default/services';

/** The Pod of a deployment that runs on the node. */
function podOn(deployment: Deployment, node: LabNode): string {
  const replica = deployment.replicas.find((each) => each.node.name === node.name);
  if (replica === undefined) {
    throw new Error(`${deployment.name} has no Pod on ${node.name}`);
  }
  return replica.name;
}

function sharing(name: string, port: number): object {
  return {
    metadata: {
      name,
      annotations: { 'fairlead.dev/service-group': LOCAL_GROUP, 'fairlead.dev/allow-shared-ip': 'key' },
    },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: 'fairlead.dev/fairlead',
      selector: { app: 'shared' },
      externalTrafficPolicy: 'Local',
      ports: [{ port, targetPort: 8080 }],
    },
  };
}

describe('externalTrafficPolicy Local on local addresses', () => {
  let scene: Scene;
  let lab: Lab;
  let witness: Witness;

  beforeAll(async () => {
    scene = await startScene({ nodes: 3, routers: false });
    lab = scene.lab;
    witness = await Witness.start(lab);
    await Promise.all(['client', 'remote'].map(async (client) => lab.warmHttp(client)));
  }, 90_000);

  afterAll(async () => {
    await witness?.[Symbol.asyncDispose]();
    await scene?.[Symbol.asyncDispose]();
  }, 30_000);

  /** A Service of both families for Pods `app: NAME`. @returns its addresses */
  async function localService(name: string, over: Partial<Parameters<typeof service>[0]> = {}): Promise<string[]> {
    const externalTrafficPolicy = 'Local';
    await createService(
      lab,
      service({ name, group: LOCAL_GROUP, families: 'dual', app: name, externalTrafficPolicy, ...over }),
    );
    return untilAddresses(lab, name, 2);
  }

  /** Waits until each address has come to a node since the mark. @returns the nodes */
  async function cameTo(addresses: readonly string[], mark: ReturnType<Witness['mark']>): Promise<LabNode[]> {
    return Promise.all(addresses.map(async (address) => witness.came(address, mark)));
  }

  async function ask(address: string, from = 'client'): Promise<BackendAnswer> {
    const { body } = await lab.httpUntilOk(from, urlOf(address));
    return JSON.parse(body) as BackendAnswer;
  }

  /** The Pod ends as Pods do: it is told to, and goes on serving until {@link Deployment.remove}. */
  async function end(pod: string): Promise<void> {
    await lab.api.delete(`${PODS}/${pod}`, { gracePeriodSeconds: 30 });
  }

  test('the holder is a node with a ready endpoint, and a backend there reads the address of the client itself', async () => {
    await lab.deployment({ name: 'one', replicas: 1, nodes: ['node-2'] });
    const mark = witness.mark();
    // Four addresses: by chance all four are on that node once in 81 times.
    const addresses = [...(await localService('one')), ...(await localService('one-more', { app: 'one' }))];
    for (const node of await cameTo(addresses, mark)) {
      expect(node.name).toBe('node-2');
    }
    const { client, remote } = lab.plan;
    for (const address of addresses) {
      const family = address.includes(':') ? 'IPv6' : 'IPv4';
      expect(await ask(address)).toMatchObject({ node: 'node-2', source: client.address[family] });
      expect(await ask(address, 'remote')).toMatchObject({ node: 'node-2', source: remote.address[family] });
    }
    await deleteService(lab, 'one');
    await deleteService(lab, 'one-more');
  }, 40_000);

  test('moves when its endpoints end, 0 packets lost; stays where the last one ends; comes back with the first', async () => {
    const deployment = await lab.deployment({ name: 'two', replicas: 2, nodes: ['node-1', 'node-3'] });
    const first = witness.mark();
    const addresses = await localService('two');
    const [from] = await cameTo(addresses, first);
    const other = lab.nodes.find(({ name }) => name !== from?.name && name !== 'node-2');
    if (from === undefined || other === undefined) {
      throw new Error(`on ${from?.name ?? 'no node'}, and not where the endpoints are`);
    }
    const probes = await Promise.all(
      addresses.map(async (address) => lab.probe({ from: 'client', address, port: PORT })),
    );
    // The other family may be on the other node already.
    const leaving: string[] = [];
    for (const address of addresses) {
      leaving.push(...((await holdersOf(lab, address)).includes(from.name) ? [address] : []));
    }
    const ending = witness.mark();
    await end(podOn(deployment, from));
    for (const address of leaving) {
      const { to, announcedAt, letGoAt } = await witness.moved(address, from, ending);
      expect(to.name).toBe(other.name);
      expect(announcedAt).toBeLessThan(letGoAt);
    }
    await deployment.remove(podOn(deployment, from));
    // The last one ends: traffic goes on to it, and nothing moves.
    const last = witness.mark();
    await end(podOn(deployment, other));
    await untilEnding('two');
    for (const address of addresses) {
      expect(await holdersOf(lab, address)).toEqual([other.name]);
      expect((await ask(address)).node).toBe(other.name);
    }
    for (const probe of probes) {
      const { sent, lost, nodes } = await probe.stop();
      process.stderr.write(`endpoints end: ${sent} sent, ${lost} lost, answered by ${Object.keys(nodes).join(', ')}\n`);
      expect(lost).toBe(0);
    }
    await deployment.remove(podOn(deployment, other));
    // kube-proxy refuses at once where there is no endpoint at all; before that, nothing says that the agents know.
    await untilRefused(addresses[0] ?? '');
    // An endpoint elsewhere: it goes there from where it has been all the time.
    const elsewhere = await lab.deployment({ name: 'elsewhere', replicas: 0, nodes: ['node-2'] });
    await lab.api.patch(`${SERVICES}/two`, { spec: { selector: { app: 'elsewhere' } } });
    expect(witness.changes(addresses, last)).toEqual([]);
    await elsewhere.scale(1);
    for (const address of addresses) {
      const { to, announcedAt, letGoAt } = await witness.moved(address, other, last);
      expect(to.name).toBe('node-2');
      expect(announcedAt).toBeLessThan(letGoAt);
      expect((await ask(address)).node).toBe('node-2');
    }
    await deleteService(lab, 'two');
  }, 60_000);

  /** Waits until the only endpoints of a Service are such that end and still serve. */
  async function untilEnding(name: string): Promise<void> {
    await lab.api.until<{
      metadata: { name: string; labels?: Record<string, string> };
      endpoints?: readonly { conditions?: { ready?: boolean; serving?: boolean; terminating?: boolean } }[] | null;
    }>(
      '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
      ({ metadata, endpoints }) =>
        metadata.labels?.['kubernetes.io/service-name'] === name &&
        endpoints?.length === 1 &&
        endpoints.every(({ conditions }) => conditions?.serving === true && conditions.terminating === true),
    );
  }

  /** kube-proxy follows the policy in its own time. */
  async function untilSourceKept(address: string): Promise<void> {
    const deadline = performance.now() + 10_000;
    for (;;) {
      const { source } = await ask(address);
      if (source === lab.plan.client.address.IPv4) {
        return;
      }
      if (performance.now() > deadline) {
        throw new Error(`a backend of ${address} sees ${source} in place of the client`);
      }
    }
  }

  async function untilRefused(address: string): Promise<void> {
    const deadline = performance.now() + 10_000;
    for (;;) {
      const failure = await lab.http('client', urlOf(address)).then(() => '', String);
      if (failure.includes('ECONNREFUSED')) {
        return;
      }
      if (performance.now() > deadline) {
        throw new Error(`${address} is not refused within 10 s: ${failure}`);
      }
    }
  }

  test('a backend that dies without a word: the address goes to the other one as soon as Kubernetes says so', async () => {
    const deployment = await lab.deployment({ name: 'dies', replicas: 2, nodes: ['node-1', 'node-2'] });
    const mark = witness.mark();
    const addresses = await localService('dies');
    const [holder] = await cameTo(addresses, mark);
    const [address = ''] = addresses;
    if (holder === undefined) {
      throw new Error('nobody has it');
    }
    await ask(address);
    const probe = await lab.probe({ from: 'client', address, port: PORT });
    const died = witness.mark();
    await deployment.stop(podOn(deployment, holder));
    const { to } = await witness.moved(address, holder, died);
    expect((await ask(address)).node).toBe(to.name);
    const { longestGapMs, lost } = await probe.stop();
    process.stderr.write(`a backend dies: ${lost} lost, gap ${longestGapMs.toFixed(0)} ms\n`);
    // Most of it is what Kubernetes takes to say so; a busy machine needs a second.
    expect(longestGapMs).toBeLessThan(5_000);
    // It is ready again: the address stays.
    const back = witness.mark();
    await deployment.start(podOn(deployment, holder));
    const sentinel = await localService('sentinel', { app: 'dies' });
    await cameTo(sentinel, back);
    expect(witness.changes([address], back)).toEqual([]);
    await deleteService(lab, 'sentinel');
    await deleteService(lab, 'dies');
  }, 60_000);

  test('the policy is switched at run time: to Local, the address goes to an endpoint; to Cluster, nothing moves', async () => {
    const mark = witness.mark();
    const addresses = await localService('switched', { externalTrafficPolicy: 'Cluster' });
    const [address = ''] = addresses;
    const [holder] = await cameTo(addresses, mark);
    if (holder === undefined) {
      throw new Error('nobody has it');
    }
    const other = lab.nodes.find((node) => node !== holder);
    await lab.deployment({ name: 'switched', replicas: 1, nodes: [other?.name ?? ''] });
    // With Cluster the node forwards in its own name: the backend does not see the client.
    expect((await ask(address)).source).not.toBe(lab.plan.client.address.IPv4);
    const local = witness.mark();
    await lab.api.patch(`${SERVICES}/switched`, { spec: { externalTrafficPolicy: 'Local' } });
    const { to, announcedAt, letGoAt } = await witness.moved(address, holder, local);
    expect(to.name).toBe(other?.name);
    expect(announcedAt).toBeLessThan(letGoAt);
    await untilSourceKept(address);
    expect((await ask(address)).node).toBe(other?.name);
    const probe = await lab.probe({ from: 'client', address, port: PORT });
    const cluster = witness.mark();
    await lab.api.patch(`${SERVICES}/switched`, { spec: { externalTrafficPolicy: 'Cluster' } });
    const sentinel = await localService('after', { app: 'switched' });
    await cameTo(sentinel, cluster);
    expect(witness.changes(addresses, cluster)).toEqual([]);
    expect((await probe.stop()).lost).toBe(0);
    await deleteService(lab, 'after');
    await deleteService(lab, 'switched');
  }, 60_000);

  test('Services that share an address are together on a node with an endpoint, and move together', async () => {
    const deployment = await lab.deployment({ name: 'shared', replicas: 1, nodes: ['node-1', 'node-2'] });
    const mark = witness.mark();
    for (const [position, port] of [8001, 8002].entries()) {
      await createService(lab, sharing(`shared-${position}`, port));
    }
    const [address = ''] = await untilAddresses(lab, 'shared-0', 1);
    expect(await untilAddresses(lab, 'shared-1', 1)).toEqual([address]);
    expect((await witness.came(address, mark)).name).toBe('node-1');
    await answeredBy(address, 'node-1');
    const moving = witness.mark();
    await deployment.scale(2);
    await end(podOn(deployment, lab.node(1)));
    const { to } = await witness.moved(address, lab.node(1), moving);
    expect(to.name).toBe('node-2');
    await answeredBy(address, 'node-2');
    expect(witness.changes([address], moving)).toEqual([`node-1 -${address}`, `node-2 +${address}`]);
    await deleteService(lab, 'shared-0');
    await deleteService(lab, 'shared-1');
  }, 40_000);

  async function answeredBy(address: string, node: string): Promise<void> {
    for (const port of [8001, 8002]) {
      const { body } = await lab.httpUntilOk('client', `http://${address}:${port}/`);
      expect(JSON.parse(body)).toMatchObject({ node });
    }
  }

  test('a routed one as well stays on the node of its last endpoint until that is gone', async () => {
    const deployment = await lab.deployment({ name: 'routed', replicas: 1, nodes: ['node-2'] });
    const [node, mark] = [lab.node(2), witness.mark()];
    const addresses = await localService('routed', { group: VIRTUAL_GROUP });
    for (const address of addresses) {
      await witness.seen(node, routeEvent(address), mark);
    }
    const ending = witness.mark();
    await end(podOn(deployment, node));
    await untilEnding('routed');
    // A Service that comes now shows that the agent has heard of what was before it.
    const sign = await localService('routed-sign', { group: VIRTUAL_GROUP, externalTrafficPolicy: 'Cluster' });
    await witness.seen(node, routeEvent(sign[0] ?? ''), ending);
    expect((await ourRoutesOn(node)).map(({ dst }) => dst)).toEqual(expect.arrayContaining(addresses));
    const last = witness.mark();
    await deployment.remove(podOn(deployment, node));
    for (const address of addresses) {
      await witness.seen(node, routeEvent(address, true), last);
    }
    await deleteService(lab, 'routed-sign');
    await deleteService(lab, 'routed');
  }, 40_000);

  test('Services of the same name in two namespaces are announced both', async () => {
    await lab.api.create('/api/v1/namespaces', { metadata: { name: 'other' } });
    await lab.deployment({ name: 'twin', replicas: 1, nodes: ['node-3'] });
    const mark = witness.mark();
    await cameTo(await localService('twin'), mark);
    // The second one comes when the EndpointSlices of that name are watched already.
    const services = '/api/v1/namespaces/other/services';
    await lab.api.create('/apis/discovery.k8s.io/v1/namespaces/other/endpointslices', {
      metadata: { name: 'twin', labels: { 'kubernetes.io/service-name': 'twin' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.244.3.200'], nodeName: 'node-3', conditions: { ready: true } }],
      ports: [{ port: 8080, protocol: 'TCP' }],
    });
    await lab.api.create(services, {
      metadata: { name: 'twin', annotations: { 'fairlead.dev/service-group': LOCAL_GROUP } },
      spec: {
        type: 'LoadBalancer',
        loadBalancerClass: 'fairlead.dev/fairlead',
        externalTrafficPolicy: 'Local',
        ports: [{ port: 80, targetPort: 8080 }],
      },
    });
    const { note } = await lab.api.until<{ metadata: { name: string }; note?: string; reason?: string }>(
      '/apis/events.k8s.io/v1/namespaces/other/events',
      ({ reason }) => reason === 'AddressAnnounced',
    );
    expect(note).toContain('node-3');
    await deleteService(lab, 'twin');
    await lab.api.delete(`${services}/twin`);
  }, 40_000);
});
