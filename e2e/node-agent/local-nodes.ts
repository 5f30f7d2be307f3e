import type { LBNodeAgentManifest, LBNodeStatusStatus } from '@fairlead/api';
import { AGENT_METRICS, RESPONDER_PORT, startIpMonitor, startLab } from '../lab/index.ts';
import type { IpEvent, IpMonitor, Lab, LabNode, LabOptions, LanEvent, Probe } from '../lab/index.ts';
import { nodeAgents } from '../scene/manifests.ts';
import { untilNodeStatus } from '../scene/observe.ts';
import { serviceGroup } from './allocated.ts';
import { LAN, on } from './local-node.ts';

/** The pools of group `lan`: on the LAN of eth0. */
export const LAN_POOLS: readonly string[] = ['172.20.9.0/24', 'fd00:20::9:0/112'];

/** A lab whose nodes have agents and answer for what they have, with what happens in each node's kernel. */
export interface LocalNodes extends AsyncDisposable {
  readonly lab: Lab;
  /** In the order of the nodes. */
  readonly monitors: readonly IpMonitor[];
  /** What happens on a node. */
  monitor(node: LabNode): IpMonitor;
  /** Settings of all nodes, in LBNodeAgent `all`. */
  configure(spec: LBNodeAgentManifest['spec']): Promise<void>;
  /** Asks an address a thousand times a second, from the client on the LAN. */
  probe(address: string): Promise<Probe>;
  /** Waits until an address comes to an interface of some node (from now on, or from the positions of {@link mark}). */
  untilOn(address: string, options?: ArrivalOptions): Promise<Arrival>;
  /** Where the monitors are now, in their order: what comes later is news. */
  mark(): readonly number[];
  /** Events about an address on an interface (default: eth0) since a mark, of all nodes. */
  since(mark: readonly number[], address: string, name?: string): readonly IpEvent[];
  /** Waits for a status of a node. */
  untilStatus(node: LabNode, condition: (status: LBNodeStatusStatus) => boolean): Promise<LBNodeStatusStatus>;
}

interface ArrivalOptions {
  readonly mark?: readonly number[];
  readonly interface?: string;
  readonly timeoutMs?: number;
}

/** An address has come to a node. */
export interface Arrival {
  readonly node: LabNode;
  /** On the lab's clock. */
  readonly at: number;
}

/** Starts a lab of so many nodes with their agents, and a group `lan` whose pools lie on the LAN. */
export async function startLocalNodes(options: LabOptions & { readonly nodes: number }): Promise<LocalNodes> {
  const lab = await startLab(options);
  try {
    await lab.apply(serviceGroup('lan', LAN_POOLS));
    await lab.startResponders();
    const scene = await watchNodes(lab);
    await Promise.all(lab.nodes.map((node) => lab.startAgent(node)));
    return scene;
  } catch (error) {
    lab.fail();
    await lab.close();
    throw error;
  }
}

/** Watches the nodes of a lab whatever runs on them; to dispose of the result closes the lab. */
export async function watchNodes(lab: Lab): Promise<LocalNodes> {
  const monitors = await Promise.all(lab.nodes.map((node) => startIpMonitor(lab.run, node.namespace)));
  const monitorOf = (node: LabNode): IpMonitor => {
    const monitor = monitors[lab.nodes.indexOf(node)];
    if (monitor === undefined) {
      throw new RangeError(`${node.name} is no node of this lab`);
    }
    return monitor;
  };
  const mark = (): readonly number[] => monitors.map(({ events }) => events.length);
  return {
    lab,
    monitors,
    monitor: monitorOf,
    mark,
    configure: (spec) => lab.apply(JSON.stringify(nodeAgents(spec))),
    probe: (address) => lab.probe({ from: 'client', address, port: RESPONDER_PORT }),
    untilOn: async (address, { mark: from = mark(), interface: name = LAN, timeoutMs = 15_000 } = {}) => {
      const found = new AbortController();
      try {
        return await Promise.any(
          lab.nodes.map(async (node, position) => {
            const { events } = monitorOf(node);
            const condition = on(name, address);
            const waiting = { from: from[position] ?? 0, timeoutMs, signal: found.signal };
            const { at } = await events.waitFor(condition, waiting);
            return { node, at };
          }),
        );
      } finally {
        found.abort();
      }
    },
    since: (from, address, name = LAN) =>
      lab.nodes.flatMap((node, position) =>
        monitorOf(node)
          .events.all.slice(from[position])
          .filter((event) => on(name, address)(event) || on(name, address, true)(event)),
      ),
    untilStatus: (node, condition) => untilNodeStatus(lab, node, condition, { timeoutMs: 25_000 }),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(monitors.map((monitor) => monitor.stop()));
      await lab.close();
    },
  };
}

/** Whether a status has exactly these local interfaces. */
export function hasInterfaces(...names: readonly string[]): (status: LBNodeStatusStatus) => boolean {
  return ({ interfaces = [] }) => interfaces.map(({ name }) => name).join() === names.join();
}

/** The node's condition of that type; undefined where there is none. */
export function conditionOf({ conditions = [] }: LBNodeStatusStatus, type: string): string | undefined {
  return conditions.find((condition) => condition.type === type)?.message;
}

/** Names of the nodes whose kernel has the address. */
export async function holders(lab: Lab, address: string): Promise<readonly string[]> {
  const all = await Promise.all(
    lab.nodes.map(async (node) => ((await node.exec(['ip', 'addr'])).includes(` ${address}/`) ? [node.name] : [])),
  );
  return all.flat();
}

/** The MAC by which a frame announces an address to all, without having been asked; undefined where it does not. */
export function announced(event: LanEvent, address: string): string | undefined {
  switch (event.type) {
    case 'arp':
      return event.senderAddress === address && event.targetAddress === address ? event.senderMac : undefined;
    case 'advertisement':
      return event.target === address && !event.solicited ? (event.targetMac ?? event.sourceMac) : undefined;
    case 'solicitation':
      return undefined;
    default:
      return event satisfies never;
  }
}

/** The sum of an agent's samples of a metric whose labels contain a text. */
export async function metric(lab: Lab, node: LabNode, name: string, labels = ''): Promise<number> {
  const { body } = await lab.http(node.namespace, `http://${AGENT_METRICS}/metrics`);
  return body
    .split('\n')
    .filter((line) => (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) && line.includes(labels))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
