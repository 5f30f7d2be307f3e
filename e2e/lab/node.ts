import { createNode, INTERFACES, ip, removeNode } from './network.ts';
import { NAMESPACES, type DualAddress, type HostLink, type NetworkPlan, type NodePlan } from './plan.ts';
import type { LabProcess } from './process.ts';
import type { Run } from './run.ts';

/** What {@link LabNode} needs of its lab. */
export interface NodeContext {
  readonly run: Run;
  readonly plan: NetworkPlan;
  readonly hostLink: HostLink;
}

/** How a cable is cut. */
export interface CutOptions {
  /** `false`: frames no longer pass, but the interface keeps its carrier (a wrong VLAN, spanning tree). Default `true`. */
  readonly losesCarrier?: boolean;
}

/** A node of the lab: a network namespace, its Pods' namespace, and the processes in both. */
export class LabNode {
  readonly plan: NodePlan;
  readonly name: string;
  /** Short name of its namespace, for everything that takes one. */
  readonly namespace: string;
  readonly address: DualAddress;
  readonly mac: string;
  readonly #context: NodeContext;
  readonly #processes = new Map<string, LabProcess>();
  #paused: readonly number[] = [];
  #silent = false;

  constructor(plan: NodePlan, context: NodeContext) {
    this.plan = plan;
    this.name = plan.name;
    this.namespace = plan.name;
    this.address = plan.address;
    this.mac = plan.mac;
    this.#context = context;
  }

  /** The processes that the lab started for this node itself: `kube-proxy`, `agent`, `router`. */
  get processes(): ReadonlyMap<string, LabProcess> {
    return this.#processes;
  }

  /** Makes a process part of the node. @internal used by the lab's starters */
  adopt(role: string, process: LabProcess): LabProcess {
    this.#processes.set(role, process);
    return process;
  }

  /** Runs a command in the node's namespace. @returns its standard output */
  async exec(command: readonly string[]): Promise<string> {
    return this.#context.run.exec(command, { namespace: this.namespace });
  }

  /** Cuts it off the LAN; the API server stays within reach. */
  async cutLan(options: CutOptions = {}): Promise<void> {
    const { losesCarrier = true } = options;
    if (losesCarrier) await this.#port(NAMESPACES.switch, 'down');
    else await this.#bridgePort('disabled');
    this.#silent = !losesCarrier;
  }

  /** Plugs the LAN in again, however it was cut. */
  async mendLan(): Promise<void> {
    // A port that comes up forwards by itself.
    if (this.#silent) await this.#bridgePort('forwarding');
    else await this.#port(NAMESPACES.switch, 'up');
    this.#silent = false;
  }

  /** Cuts it off the API server; the LAN stays. */
  async cutApi(): Promise<void> {
    await this.#port(NAMESPACES.controlPlane, 'down');
  }

  /** Gives it the API server back. */
  async mendApi(): Promise<void> {
    await this.#port(NAMESPACES.controlPlane, 'up');
  }

  /** The machine dies: no more frames, no more processes, its Pods' included. */
  async kill(): Promise<void> {
    await Promise.all([this.#port(NAMESPACES.switch, 'down'), this.#port(NAMESPACES.controlPlane, 'down')]);
    await this.#signal('KILL', await this.#pids());
    await Promise.all([...this.#processes.values()].map(async (process) => process.exited));
  }

  /**
   * The machine boots again after {@link kill}: a kernel that remembers nothing. The lab starts what belongs to it again
   * ({@link Lab.reviveNode}).
   */
  async boot(): Promise<void> {
    const { run, plan, hostLink } = this.#context;
    await removeNode(run, this.plan);
    await createNode(run, plan, this.plan, hostLink);
  }

  /** The machine stops and keeps everything (a virtual machine that is paused): silent to the outside. */
  async pause(): Promise<void> {
    await Promise.all([this.#port(NAMESPACES.switch, 'down'), this.#port(NAMESPACES.controlPlane, 'down')]);
    this.#paused = await this.#pids();
    await this.#signal('STOP', this.#paused);
  }

  /** It goes on after {@link pause}, and believes that no time has passed. */
  async resume(): Promise<void> {
    await Promise.all([this.#port(NAMESPACES.switch, 'up'), this.#port(NAMESPACES.controlPlane, 'up')]);
    await this.#signal('CONT', this.#paused);
    this.#paused = [];
  }

  /** A port of the switch that is disabled by its spanning-tree state drops all frames and keeps its carrier. */
  async #bridgePort(state: 'disabled' | 'forwarding'): Promise<void> {
    const command = ['bridge', 'link', 'set', 'dev', this.name, 'state', state];
    await this.#context.run.exec(command, { namespace: NAMESPACES.switch });
  }

  async #port(namespace: string, state: 'up' | 'down'): Promise<void> {
    await ip(this.#context.run, namespace, [`link set ${this.name} ${state}`]);
  }

  async #pids(): Promise<number[]> {
    const { run } = this.#context;
    const lists = await Promise.all(
      [this.plan.name, this.plan.podNamespace].map(async (name) =>
        run.exec(['ip', 'netns', 'pids', run.namespaceName(name)]),
      ),
    );
    return lists.join('\n').split('\n').filter(Boolean).map(Number);
  }

  async #signal(signal: 'KILL' | 'STOP' | 'CONT', pids: readonly number[]): Promise<void> {
    for (const pid of pids) {
      try {
        process.kill(pid, `SIG${signal}`);
      } catch (error) {
        // ESRCH: it has ended by itself meanwhile.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }
}

/** The name of a node's interface on the LAN, for looking at it from inside. */
export const LAN_INTERFACE = INTERFACES.lan;
