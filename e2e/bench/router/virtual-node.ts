import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_LOAD_BALANCER_CLASS } from '@fairlead/api';
import type { IPFamily } from '@fairlead/api';
import { now, seedServices, startLab } from '@fairlead/e2e/lab';
import type { KubernetesObject, Lab, LabNode, LabProcess } from '@fairlead/e2e/lab';
import { allocate } from '../../node-agent/allocated.ts';
import { ROUTER, SERVICE_GROUPS, VIRTUAL_GROUP } from '../../scene/manifests.ts';
import { addressesOn } from '../../scene/observe.ts';
import { applyAll } from '../../scene/scene.ts';
import { wait } from '../footprint/usage-over.ts';
import { KernelWatch } from './kernel-watch.ts';
import { hostRoute, seededAddress, seededRoutes, singleAddress } from './pool.ts';

export const SERVICES = '/api/v1/namespaces/default/services';
const DUMMY = 'kube-lb0';
/** Of the Service that all others are copies of. */
const SAMPLE = 0;
/** The slowest that is waited for: ten thousand IPv6 addresses. */
const LONGEST_MS = 120_000;
const LOOK_MS = 1_000;
/** Nothing listens for health here; and the times of the log are those of the lab's clock, in whole milliseconds. */
const AGENT_FLAGS = ['--data-path-health', 'none', '--log-level', 'debug'];

/** How an agent came to announce what others had announced before it, in milliseconds. */
export interface ColdStart {
  /** From the process's start until all caches were complete. */
  readonly toSync: number;
  /** From then until the ToR's kernel had the last of the routes. */
  readonly toTor: number;
}

/** One node with an agent, BIRD and a ToR, and as many virtual Services as are seeded. No allocator and no kube-proxy. */
export class VirtualNode implements AsyncDisposable {
  readonly lab: Lab;
  readonly node: LabNode;
  /** The routes of the ToR's kernel. */
  readonly tor: KernelWatch;
  readonly #sample: KubernetesObject;
  #agent: LabProcess;

  private constructor(parts: { lab: Lab; tor: KernelWatch; sample: KubernetesObject; agent: LabProcess }) {
    this.lab = parts.lab;
    this.node = parts.lab.node(1);
    this.tor = parts.tor;
    this.#sample = parts.sample;
    this.#agent = parts.agent;
  }

  /** Starts all of it, with one Service of the family, whose route the ToR has when this returns. */
  static async start(family: IPFamily): Promise<VirtualNode> {
    const lab = await startLab({ nodes: 1 });
    try {
      await lab.node(1).processes.get('kube-proxy')?.kill('SIGTERM');
      await applyAll(lab, [...SERVICE_GROUPS, ROUTER]);
      const agent = await lab.startAgent(1, { flags: AGENT_FLAGS });
      await lab.startRouter(1);
      await lab.tor.untilEstablished(1);
      const tor = await KernelWatch.routes(lab.run.namespacePath(lab.tor.namespace));
      const address = singleAddress(family, SAMPLE);
      const sample = await createAllocatedService(lab, { name: 'sample', address });
      await tor.seen.until([hostRoute(address)], 1, LONGEST_MS);
      return new VirtualNode({ lab, tor, sample, agent });
    } catch (error) {
      lab.fail();
      await lab.close();
      throw error;
    }
  }

  get agent(): LabProcess {
    return this.#agent;
  }

  /** BIRD of the node. */
  get router(): LabProcess {
    const router = this.node.processes.get('router');
    if (router === undefined) {
      throw new Error('the node has no BIRD');
    }
    return router;
  }

  /** Makes so many Services of the family, past the API server; its watches have all of them when this returns. */
  async seed(family: IPFamily, count: number): Promise<void> {
    const names = await seedServices(this.lab.controlPlane, {
      sample: this.#sample,
      count,
      name: (index) => `${family.toLowerCase()}-${index}`,
      addresses: (index) => [seededAddress(family, index)],
    });
    const last = names.at(-1);
    await this.lab.api.until(SERVICES, ({ metadata }) => metadata.name === last, {
      fieldSelector: `metadata.name=${last}`,
      timeoutMs: LONGEST_MS,
    });
  }

  /** The agent, and all that it ever did, is gone from the node and from the ToR. BIRD keeps its session. */
  async wipe(): Promise<void> {
    await this.#agent.kill();
    await this.node.exec(['ip', 'link', 'delete', DUMMY]);
    await rm(join(this.lab.run.directory, this.node.name, 'state.json'), { force: true });
    const ours = [...this.tor.seen.keys()].filter((prefix) => /^(10\.99\.|fd00:99:)/.test(prefix));
    await this.tor.seen.until(ours, 0, LONGEST_MS);
  }

  /** Starts the agent on a node that it has never been on, among so many Services of the family. */
  async coldStart(family: IPFamily, count: number): Promise<ColdStart> {
    await this.wipe();
    const { length: from } = await readFile(this.#agent.logFile, 'utf8');
    const routed = this.tor.seen.until(seededRoutes(family, count), 1, LONGEST_MS);
    const began = now();
    this.#agent = await this.lab.startAgent(this.node, { flags: AGENT_FLAGS, waitUntilReady: false });
    const [line] = await this.#agent.waitForLog(/^.*All caches are complete.*$/m, { from, timeoutMs: LONGEST_MS });
    const synced = Date.parse((JSON.parse(line) as { readonly time: string }).time);
    return { toSync: synced - began, toTor: (await routed) - synced };
  }

  /** Waits until so many addresses are on the interface. */
  async untilAddresses(count: number): Promise<void> {
    for (const late = now() + LONGEST_MS; ;) {
      const { length: there } = (await addressesOn(this.node, DUMMY)).filter(({ noprefixroute }) => noprefixroute);
      if (there >= count) {
        return;
      }
      if (now() > late) {
        throw new Error(`${there} of ${count} addresses are on ${DUMMY} after ${LONGEST_MS} ms`);
      }
      await wait(LOOK_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tor[Symbol.asyncDispose]();
    await this.lab.close();
  }
}

/** Makes a Service with one ClusterIP and gives it an address as the allocator does. @returns it as it is then */
export async function createAllocatedService(
  lab: Lab,
  { name, address }: { readonly name: string; readonly address: string },
): Promise<KubernetesObject> {
  await createPlainService(lab, name);
  await allocate(lab, { name, addresses: [address], group: VIRTUAL_GROUP });
  return await lab.api.get<KubernetesObject>(`${SERVICES}/${name}`);
}

/** Makes a Service of our class, without node ports: a cluster has 2,768 of them. */
export async function createPlainService(lab: Lab, name: string): Promise<void> {
  await lab.api.create(SERVICES, {
    metadata: { name },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: DEFAULT_LOAD_BALANCER_CLASS,
      allocateLoadBalancerNodePorts: false,
      ipFamilyPolicy: 'SingleStack',
      ipFamilies: ['IPv4'],
      ports: [{ port: 80 }],
    },
  });
}
