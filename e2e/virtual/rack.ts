import { join } from 'node:path';
import type { LBNodeStatusStatus } from '@fairlead/api';
import { Frr, NAMESPACES } from '@fairlead/e2e/lab';
import type { BackendAnswer, Deployment, Lab, LabNode, RouterOptions, TorOptions } from '@fairlead/e2e/lab';
import { RoutedWatch, type RoutedSeen } from '../reliability/routed-watch.ts';
import { DRAIN } from '../reliability/planned-move.ts';
import { service, VIRTUAL_GROUP } from '../scene/manifests.ts';
import { NextHops } from '../scene/next-hops.ts';
import { createService, deleteService, untilAddresses, untilNodeStatus, urlOf } from '../scene/observe.ts';
import { applyAll, startScene, type Scene } from '../scene/scene.ts';
import type { Cell } from './cells.ts';
import { routerName, routerOf } from './router-of.ts';

/** Without BFD, which would go on for a protocol that the nodes no longer speak, and end what it watches for others. */
const TOR: TorOptions = { protocols: ['BGP', 'OSPF', 'RIP'], bfd: false, preferred: true };
const ROUTER_OPTIONS: RouterOptions = { preferred: true };
/** FRR on a node has no configuration of its own: the agent brings it over the programs' sockets. */
const EMPTY = { zebra: '', bgpd: '', bfdd: '', ospfd: '', ospf6d: '', ripd: '', ripngd: '' };
/** OSPF listens for its dead interval before it has neighbors; RIP may wait for the next update. */
const CONVERGED_MS = 30_000;

/** Whether a node's daemon does what the Router of that name says. */
function runs({ router, conditions = [] }: LBNodeStatusStatus, name: string): boolean {
  return router?.router === name && conditions.some(({ type, status }) => type === 'RouterReady' && status === 'True');
}

/** A Service of a cell. */
export interface Announced {
  readonly name: string;
  readonly addresses: readonly string[];
}

/** Three nodes and a ToR, whose daemons and protocol change while all else stays. */
export class Rack implements AsyncDisposable {
  readonly lab: Lab;
  readonly nextHops: NextHops;
  /** A Pod on each node. */
  readonly everywhere: Deployment;
  #cell: Cell;
  #services = 0;
  /** What runs on the nodes instead of BIRD. */
  #frr: readonly Frr[] = [];

  private constructor(parts: { scene: Scene; nextHops: NextHops; everywhere: Deployment; cell: Cell }) {
    this.lab = parts.scene.lab;
    this.nextHops = parts.nextHops;
    this.everywhere = parts.everywhere;
    this.#cell = parts.cell;
  }

  /** Starts it with BIRD and BGP on both sides. */
  static async start(): Promise<Rack> {
    const cell: Cell = { node: 'BIRD', protocol: 'BGP', tor: 'BIRD' };
    const scene = await startScene({ router: routerOf('BGP', 'BIRD'), routerOptions: ROUTER_OPTIONS, tor: TOR });
    const { lab } = scene;
    try {
      const everywhere = await lab.deployment({ name: 'everywhere', replicas: lab.nodes.length });
      return new Rack({ scene, nextHops: await NextHops.watch(lab), everywhere, cell });
    } catch (error) {
      lab.fail();
      await lab.close();
      throw error;
    }
  }

  /** Has nodes and ToR run what a cell says. */
  async use(cell: Cell): Promise<void> {
    if (cell.node !== this.#cell.node) await this.#replaceRouters(cell.node);
    if (cell.tor !== this.#cell.tor) await this.lab.tor.replace({ ...TOR, daemon: cell.tor });
    const former = routerName(this.#cell.protocol, this.#cell.node);
    const name = routerName(cell.protocol, cell.node);
    await applyAll(this.lab, [routerOf(cell.protocol, cell.node)]);
    if (name !== former) await this.lab.api.delete(`/apis/fairlead.dev/v1/routers/${former}`);
    this.#cell = cell;
    // Else what the former one announced would be taken for the new one's.
    await Promise.all(
      this.lab.nodes.map(async (node) => untilNodeStatus(this.lab, node, (status) => runs(status, name))),
    );
  }

  /** Makes a Service of both families for the Pods of an app. */
  async announce(app: string, externalTrafficPolicy: 'Cluster' | 'Local'): Promise<Announced> {
    this.#services += 1;
    const name = `${app}-${this.#services}`;
    const wish = { name, group: VIRTUAL_GROUP, families: 'dual', app, externalTrafficPolicy } as const;
    await createService(this.lab, service(wish));
    return { name, addresses: await untilAddresses(this.lab, name, 2) };
  }

  /** Waits until the ToR's routes to a Service lead to these nodes and to no others. */
  async untilLeadingTo({ addresses }: Announced, nodes: readonly LabNode[]): Promise<void> {
    await this.nextHops.untilAll(addresses, nodes, { timeoutMs: CONVERGED_MS });
  }

  /** Waits until kube-proxy on each of these nodes serves a Service. */
  async untilServed({ addresses }: Announced, nodes: readonly LabNode[]): Promise<void> {
    await Promise.all(
      nodes.flatMap((node) =>
        addresses.map(async (address) => this.lab.httpUntilOk(node.namespace, urlOf(address), { timeoutMs: 20_000 })),
      ),
    );
  }

  /** Drains a node and takes it back, under traffic from behind the ToR. */
  async drainUnderTraffic(announced: Announced, node: LabNode): Promise<RoutedSeen> {
    const { lab, nextHops } = this;
    const { addresses } = announced;
    const others = lab.nodes.filter((other) => other !== node);
    await using watch = await RoutedWatch.start({ lab, nextHops, addresses }, { port: 80, forwarders: lab.forwarders });
    await lab.api.patch(`/api/v1/nodes/${node.name}`, DRAIN.go);
    await this.untilLeadingTo(announced, others);
    await untilNodeStatus(lab, node, ({ virtualCount }) => virtualCount === 0);
    await lab.api.patch(`/api/v1/nodes/${node.name}`, DRAIN.stay);
    await this.untilLeadingTo(announced, lab.nodes);
    return await watch.end();
  }

  /** Whom the backend sees when the client behind the ToR asks for an address, and on which node it is. */
  async askFromRemote(address: string): Promise<BackendAnswer> {
    return JSON.parse((await this.lab.httpUntilOk(NAMESPACES.remote, urlOf(address))).body) as BackendAnswer;
  }

  /** Deletes a Service. */
  async withdraw({ name }: Announced): Promise<void> {
    await deleteService(this.lab, name);
  }

  /** Ends the daemons of all nodes and starts others, which wait for their agents to tell them what to do. */
  async #replaceRouters(daemon: Cell['node']): Promise<void> {
    const { run, nodes } = this.lab;
    await Promise.all(this.#frr.flatMap(({ processes }) => processes).map(async (process) => process.kill('SIGTERM')));
    this.#frr = [];
    switch (daemon) {
      case 'BIRD':
        await Promise.all(nodes.map(async (node) => this.lab.startRouter(node, ROUTER_OPTIONS)));
        return;
      case 'FRR':
        await Promise.all(nodes.map(async ({ processes }) => processes.get('router')?.kill('SIGTERM')));
        this.#frr = await Promise.all(
          nodes.map(async ({ name, namespace }) =>
            Frr.launch(run, {
              name: `router-${name}`,
              namespace,
              preferred: true,
              directory: join(run.directory, name, 'router'),
              configurations: EMPTY,
            }),
          ),
        );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nextHops[Symbol.asyncDispose]();
    await this.lab.close();
  }
}
