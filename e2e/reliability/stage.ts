import { setPriority } from 'node:os';
import { claimName, parseAddress } from '@fairlead/api';
import type { IPFamily, LBNodeAgentManifest } from '@fairlead/api';
import { RELEASE_NAMESPACE, startResponder } from '@fairlead/e2e/lab';
import type { KubernetesObject, Lab, LabNode, LabOptions, LabProcess } from '@fairlead/e2e/lab';
import { LOCAL_GROUP, nodeAgents } from '../scene/manifests.ts';
import { createService, deleteService, untilAddresses, untilNodeStatus } from '../scene/observe.ts';
import { applyAll, startScene, type Scene } from '../scene/scene.ts';
import type { Bounds, Outcome, Preparation, PrepareOptions, Scenario } from './scenario.ts';

const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${RELEASE_NAMESPACE}/leases`;
const NODES = '/api/v1/nodes';

/** Responders stand for kernels, which answer whatever else the machine does. */
const RESPONDER_PRIORITY = -15;

interface ClaimObject extends KubernetesObject {
  readonly spec?: { readonly holderIdentity?: string };
}

/** What a stage is to be. */
export interface StageOptions {
  readonly lab?: LabOptions;
  /** Settings of all agents; default: the defaults. */
  readonly agents?: LBNodeAgentManifest['spec'];
}

/** What a Service of {@link Stage.fresh} is to be. */
export interface ServiceWish {
  readonly name: string;
  readonly group: string;
  readonly family: IPFamily;
}

/** How {@link Stage.fresh} makes a Service. */
export interface FreshOptions {
  /** Default: {@link Stage.nextFamily}. */
  readonly family?: IPFamily;
  /** Default: the one whose addresses lie on the LAN. */
  readonly group?: string;
  /** Default: {@link serviceWithoutPods}. */
  readonly manifest?: (wish: ServiceWish) => object;
}

/** An address that one node has since a moment ago, and no other node has ever had. */
export interface FreshAddress {
  /** The Service's name. */
  readonly name: string;
  readonly address: string;
  readonly holder: LabNode;
}

/**
 * The scene of most scenarios: nodes on one LAN with agents that have the default settings, and a responder on each that
 * answers for whatever the node has. Each repetition has an address of its own: after four moves within three minutes
 * an address stays where it is.
 */
export class Stage implements AsyncDisposable {
  readonly scene: Scene;
  #services = 0;

  constructor(scene: Scene) {
    this.scene = scene;
  }

  /** Starts it. */
  static async start({ lab, agents, progress }: StageOptions & PrepareOptions): Promise<Stage> {
    const scene = await startScene({ ...lab, routers: false, progress });
    try {
      if (agents !== undefined) await applyAll(scene.lab, [nodeAgents(agents)]);
      await scene.lab.startResponders();
      const stage = new Stage(scene);
      for (const node of scene.lab.nodes) stage.#preferResponder(node);
      return stage;
    } catch (error) {
      scene.lab.fail();
      await scene.lab.close();
      throw error;
    }
  }

  get lab(): Lab {
    return this.scene.lab;
  }

  /** IPv4 and IPv6 in turns, beginning with IPv4: the family of the next Service. */
  get nextFamily(): IPFamily {
    return this.#services % 2 === 0 ? 'IPv4' : 'IPv6';
  }

  /** Makes a Service, by default one without Pods, and waits until a node has announced and claimed its address. */
  async fresh(options: FreshOptions = {}): Promise<FreshAddress> {
    const { family = this.nextFamily, group = LOCAL_GROUP, manifest = serviceWithoutPods } = options;
    this.#services += 1;
    const name = `service-${this.#services}`;
    await createService(this.lab, manifest({ name, group, family }));
    const [address = ''] = await untilAddresses(this.lab, name, 1);
    return { name, address, holder: await this.untilClaimed(address) };
  }

  /** Deletes a Service of {@link fresh}. */
  async drop({ name }: FreshAddress): Promise<void> {
    await deleteService(this.lab, name);
  }

  /** Waits until the claim of an address names a node, another one than `former` where that is given. */
  async untilClaimed(address: string, former?: LabNode): Promise<LabNode> {
    const holderOf = ({ spec }: ClaimObject): string => spec?.holderIdentity ?? '';
    const claim = await this.lab.api.until<ClaimObject>(
      LEASES,
      (lease) => holderOf(lease) !== '' && holderOf(lease) !== former?.name,
      { fieldSelector: `metadata.name=${claimName(parseAddress(address))}` },
    );
    return this.lab.node(holderOf(claim));
  }

  /** The agent of a node. */
  agent(node: LabNode): LabProcess {
    const agent = node.processes.get('agent');
    if (agent === undefined) throw new Error(`${node.name} has no agent`);
    return agent;
  }

  /** A node that was killed boots again, and its agent is ready. */
  async revive(node: LabNode): Promise<void> {
    await this.lab.reviveNode(node);
    await startResponder(this.lab.run, node);
    this.#preferResponder(node);
    await this.lab.startAgent(node);
  }

  /** Changes a Node by a merge patch, and waits until its agent says so. */
  async changeNode(node: LabNode, patch: object, fitness: 'Fit' | 'Excluded'): Promise<void> {
    await this.lab.api.patch(`${NODES}/${node.name}`, patch);
    await untilNodeStatus(this.lab, node, (status) => status.fitness?.state === fitness, { timeoutMs: 10_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab.close();
  }

  #preferResponder(node: LabNode): void {
    const responder = node.processes.get('responder');
    if (responder !== undefined) setPriority(responder.pid, RESPONDER_PRIORITY);
  }
}

/** A scenario on a stage. */
export interface StagedScenario extends Scenario {
  /** Makes the fault once, on a stage that others may have used before. */
  readonly once: (stage: Stage) => Promise<Outcome>;
}

/** What {@link staged} makes a scenario of. */
export interface StagedOptions {
  readonly name: string;
  readonly what: string;
  readonly others?: string;
  readonly promised: Bounds;
  readonly stage?: StageOptions;
  readonly once: (stage: Stage) => Promise<Outcome>;
}

/** A scenario that needs nothing but a {@link Stage}. */
export function staged({ stage: options, ...scenario }: StagedOptions): StagedScenario {
  return {
    ...scenario,
    prepare: async ({ progress }): Promise<Preparation> => {
      const stage = await Stage.start({ ...options, progress });
      return {
        repeat: async () => scenario.once(stage),
        fail: () => stage.lab.fail(),
        [Symbol.asyncDispose]: async () => stage[Symbol.asyncDispose](),
      };
    },
  };
}

/** A Service that nothing stands behind: the nodes' responders answer. */
export function serviceWithoutPods({ name, group, family }: ServiceWish): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, annotations: { 'fairlead.dev/service-group': group } },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: 'fairlead.dev/fairlead',
      ipFamilies: [family],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ port: 80 }],
    },
  };
}
