import type { LabApi } from './api.ts';
import { startBackend } from './backend.ts';
import { ip, INTERFACES } from './network.ts';
import type { NodePlan } from './plan.ts';
import type { LabProcess } from './process.ts';
import type { Run } from './run.ts';

/** What a deployment is to be. */
export interface DeploymentOptions {
  /** Its Pods carry the label `app: NAME` and are named `NAME-1`, `NAME-2`, … */
  readonly name: string;
  /** How many; spread over the nodes in order. */
  readonly replicas: number;
  /** Names of the nodes that may run them; default: all. */
  readonly nodes?: readonly string[];
  /** Default `default`. */
  readonly namespace?: string;
  /** Port of the container, TCP and UDP. Default 8080. */
  readonly port?: number;
}

/** A Pod of the lab: an object in the API, and a real process with the Pod's addresses in the node's Pod namespace. */
export interface Replica {
  readonly name: string;
  /** 1, 2, 3 … in the order of creation. */
  readonly ordinal: number;
  readonly node: NodePlan;
  /** IPv4, then IPv6. */
  readonly addresses: readonly [string, string];
  readonly process: LabProcess;
}

/** Hands out Pod addresses; one for the whole lab, for deployments share the nodes. */
export class PodAddresses {
  readonly #next = new Map<number, number>();

  /** A pair of addresses of the node's Pod ranges that nobody has had yet. */
  take(node: NodePlan): [string, string] {
    const host = this.#next.get(node.index) ?? 2; // 1 is the gateway
    if (host > 254) throw new RangeError(`no Pod address left on ${node.name}`);
    this.#next.set(node.index, host + 1);
    return [`10.244.${node.index}.${host}`, `fd00:244:0:${node.index}::${host.toString(16)}`];
  }
}

/**
 * Backends that behave as a Deployment's do: the lab is their scheduler and kubelet, the real endpoint slice controller
 * makes their EndpointSlices for every Service that selects `app: NAME`.
 */
export class Deployment {
  readonly name: string;
  readonly #run: Run;
  readonly #api: LabApi;
  readonly #addresses: PodAddresses;
  readonly #options: Required<DeploymentOptions>;
  readonly #nodes: readonly NodePlan[];
  readonly #replicas = new Map<string, Replica>();
  #created = 0;

  constructor(parts: {
    run: Run;
    api: LabApi;
    addresses: PodAddresses;
    nodes: readonly NodePlan[];
    options: DeploymentOptions;
  }) {
    const { options } = parts;
    this.name = options.name;
    this.#run = parts.run;
    this.#api = parts.api;
    this.#addresses = parts.addresses;
    this.#nodes = options.nodes ? parts.nodes.filter((node) => options.nodes?.includes(node.name)) : parts.nodes;
    this.#options = { namespace: 'default', port: 8080, nodes: this.#nodes.map((node) => node.name), ...options };
    if (this.#nodes.length === 0)
      throw new RangeError(`deployment ${options.name}: no such nodes: ${options.nodes?.join(', ')}`);
  }

  get replicas(): readonly Replica[] {
    return [...this.#replicas.values()].sort((a, b) => a.ordinal - b.ordinal);
  }

  /** Adds or removes replicas until there are so many; the newest go first. Returns when the new ones are ready. */
  async scale(replicas: number): Promise<void> {
    const tooMany = this.replicas.slice(replicas);
    const missing = Math.max(0, replicas - this.#replicas.size);
    await Promise.all([
      ...tooMany.map(async (replica) => this.remove(replica.name)),
      ...Array.from({ length: missing }, async () => this.#add()),
    ]);
  }

  /** Kills a replica's process and says so in its status, as a kubelet does when a container ends; it stays listed. */
  async stop(name: string): Promise<void> {
    const replica = this.#get(name);
    await replica.process.kill();
    await this.#setStatus(replica, false);
  }

  /** Starts a stopped replica again. */
  async start(name: string): Promise<void> {
    const replica = this.#get(name);
    const { length } = await replica.process.log();
    replica.process.start();
    await replica.process.waitForLog(/^ready$/m, { from: length });
    await this.#setStatus(replica, true);
  }

  /** Deletes a replica: its Pod goes from the API at once, then its process. */
  async remove(name: string): Promise<void> {
    const replica = this.#get(name);
    this.#replicas.delete(name);
    await this.#api.delete(this.#path(name), { gracePeriodSeconds: 0 });
    await replica.process.kill();
  }

  /** Gives the Pods of a node their addresses back and starts them: what a kubelet does after a boot. */
  async restartOn(node: NodePlan): Promise<void> {
    const here = this.replicas.filter((replica) => replica.node.index === node.index && !replica.process.running);
    await Promise.all(
      here.map(async (replica) => {
        await this.#addAddresses(replica);
        await this.start(replica.name);
      }),
    );
  }

  async #add(): Promise<void> {
    const ordinal = ++this.#created;
    const name = `${this.name}-${ordinal}`;
    const node = this.#nodes[(ordinal - 1) % this.#nodes.length];
    if (!node) throw new RangeError(`deployment ${this.name} has no nodes`);
    const addresses = this.#addresses.take(node);
    const { namespace, port } = this.#options;
    const pod = this.#api.create(`/api/v1/namespaces/${namespace}/pods`, {
      metadata: { name, labels: { app: this.name } },
      spec: {
        nodeName: node.name,
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'backend', image: 'backend', ports: [{ containerPort: port }] }],
      },
    });
    await Promise.all([pod, this.#addAddresses({ node, addresses })]);
    const process = await startBackend(this.#run, node.podNamespace, { pod: name, node: node.name, addresses, port });
    const replica: Replica = { name, ordinal, node, addresses, process };
    this.#replicas.set(name, replica);
    await this.#setStatus(replica, true);
  }

  async #addAddresses({ node, addresses }: Pick<Replica, 'node' | 'addresses'>): Promise<void> {
    const [ipv4, ipv6] = addresses;
    await ip(this.#run, node.podNamespace, [
      `address add ${ipv4}/32 dev ${INTERFACES.lan}`,
      `address add ${ipv6}/128 dev ${INTERFACES.lan} nodad`,
    ]);
  }

  async #setStatus(replica: Replica, ready: boolean): Promise<void> {
    const status = ready ? 'True' : 'False';
    await this.#api.patch(
      `${this.#path(replica.name)}/status`,
      {
        status: {
          phase: 'Running',
          podIP: replica.addresses[0],
          podIPs: replica.addresses.map((address) => ({ ip: address })),
          hostIP: replica.node.address.IPv4,
          conditions: ['Initialized', 'ContainersReady', 'Ready', 'PodScheduled'].map((type) => ({ type, status })),
        },
      },
      'strategic',
    );
  }

  #get(name: string): Replica {
    const replica = this.#replicas.get(name);
    if (!replica)
      throw new RangeError(
        `deployment ${this.name} has no replica ${name}; it has ${[...this.#replicas.keys()].join(', ')}`,
      );
    return replica;
  }

  #path(name: string): string {
    return `/api/v1/namespaces/${this.#options.namespace}/pods/${name}`;
  }
}
