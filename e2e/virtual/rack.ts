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
const CONVERGED = { timeoutMs: 30_000 };
/** Apps: one with a Pod on each node, one whose Pods move. */
const EVERYWHERE = 'everywhere';
const MOVING = 'moving';
/** By its number. */
const DRAINED = 2;

/** Whether a node's daemon does what the Router of that name says. */
function runs({ router, conditions = [] }: LBNodeStatusStatus, name: string): boolean {
  return router?.router === name && conditions.some(({ type, status }) => type === 'RouterReady' && status === 'True');
}

/** A Service of a cell. */
interface Announced {
  readonly name: string;
  readonly addresses: readonly string[];
}

/** Three nodes and a ToR, whose daemons and protocol change while all else stays. */
export class Rack implements AsyncDisposable {
  readonly lab: Lab;
  readonly nextHops: NextHops;
  /** Pods that come and go, on one node after the other. */
  readonly #moving: Deployment;
  #cell: Cell;
  #services = 0;
  /** What runs on the nodes instead of BIRD. */
  #frr: readonly Frr[] = [];

  private constructor(parts: { scene: Scene; nextHops: NextHops; moving: Deployment; cell: Cell }) {
    this.lab = parts.scene.lab;
    this.nextHops = parts.nextHops;
    this.#moving = parts.moving;
    this.#cell = parts.cell;
  }

  /** Starts it with BIRD and BGP on both sides. */
  static async start(): Promise<Rack> {
    const cell: Cell = { node: 'BIRD', protocol: 'BGP', tor: 'BIRD', always: true };
    const scene = await startScene({ router: routerOf('BGP', 'BIRD'), routerOptions: ROUTER_OPTIONS, tor: TOR });
    const { lab } = scene;
    try {
      await lab.deployment({ name: EVERYWHERE, replicas: lab.nodes.length });
      const moving = await lab.deployment({ name: MOVING, replicas: 1 });
      return new Rack({ scene, nextHops: await NextHops.watch(lab), moving, cell });
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

  /**
   * A Service with Pods everywhere is announced by every node and served by all of them; one is drained under traffic from
   * behind the ToR and taken back; the Service is deleted, and its routes are gone.
   * @returns what the witnesses saw; that each node was used is among its faults
   */
  async drainUnderTraffic(): Promise<RoutedSeen> {
    const { lab, nextHops } = this;
    const node = lab.node(DRAINED);
    const web = await this.#announce(EVERYWHERE, 'Cluster');
    await this.#untilLeadingTo(web, lab.nodes);
    await this.#untilServed(web);
    const seen = await this.#watching(web, async () => {
      await lab.api.patch(`/api/v1/nodes/${node.name}`, DRAIN.go);
      await this.#untilLeadingTo(
        web,
        lab.nodes.filter((other) => other !== node),
      );
      await untilNodeStatus(lab, node, ({ virtualCount }) => virtualCount === 0);
      await lab.api.patch(`/api/v1/nodes/${node.name}`, DRAIN.stay);
      await this.#untilLeadingTo(web, lab.nodes);
    });
    await deleteService(lab, web.name);
    await nextHops.untilAll(web.addresses, [], CONVERGED);
    return seen;
  }

  /**
   * With `externalTrafficPolicy: Local` the ToR's routes lead where Pods are, and nowhere else: to one node, to two when a
   * Pod comes, to the other one when the first Pod goes, to none with the Service.
   * @returns the addresses of clients that the Pods saw
   * @throws {Error} with where a route leads instead
   */
  async followPods(): Promise<readonly string[]> {
    const { lab } = this;
    const near = await this.#announce(MOVING, 'Local');
    await this.#untilLeadingTo(near, this.#nodesWithPods());
    await this.#moving.scale(2);
    await this.#untilLeadingTo(near, this.#nodesWithPods());
    const sources: string[] = [];
    for (const address of near.addresses) sources.push(await this.#sourceSeenBy(address));
    const [oldest] = this.#moving.replicas;
    await this.#moving.remove(oldest?.name ?? '');
    await this.#untilLeadingTo(near, this.#nodesWithPods());
    await deleteService(lab, near.name);
    await this.#untilLeadingTo(near, []);
    return sources;
  }

  /** Makes a Service of both families for the Pods of an app. */
  async #announce(app: string, externalTrafficPolicy: 'Cluster' | 'Local'): Promise<Announced> {
    this.#services += 1;
    const name = `${app}-${this.#services}`;
    const wish = { name, group: VIRTUAL_GROUP, families: 'dual', app, externalTrafficPolicy } as const;
    await createService(this.lab, service(wish));
    return { name, addresses: await untilAddresses(this.lab, name, 2) };
  }

  async #untilLeadingTo({ addresses }: Announced, nodes: readonly LabNode[]): Promise<void> {
    await this.nextHops.untilAll(addresses, nodes, CONVERGED);
  }

  /** Waits until kube-proxy on each node serves a Service. */
  async #untilServed({ addresses }: Announced): Promise<void> {
    const urls = addresses.map((address) => urlOf(address));
    await Promise.all(
      this.lab.nodes.flatMap(({ namespace }) =>
        urls.map(async (url) => this.lab.httpUntilOk(namespace, url, { timeoutMs: 20_000 })),
      ),
    );
  }

  async #watching({ addresses }: Announced, act: () => Promise<void>): Promise<RoutedSeen> {
    const { lab, nextHops } = this;
    await using watch = await RoutedWatch.start({ lab, nextHops, addresses }, { port: 80, forwarders: lab.forwarders });
    await act();
    return await watch.end();
  }

  /** Whom a Pod sees when the client behind the ToR asks for an address. */
  async #sourceSeenBy(address: string): Promise<string> {
    const { body } = await this.lab.httpUntilOk(NAMESPACES.remote, urlOf(address));
    return (JSON.parse(body) as BackendAnswer).source;
  }

  #nodesWithPods(): readonly LabNode[] {
    return this.#moving.replicas.map(({ node }) => this.lab.node(node.name));
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
