import type { Condition } from '@fairlead/api';
import { RESPONDER_PORT, startIpMonitor, startLab } from '../lab/index.ts';
import type { IpEvent, IpMonitor, Lab, LabNode, LabOptions, LabProcess } from '../lab/index.ts';
import { serviceGroup } from './allocated.ts';

/** The node's interface on the LAN. */
export const LAN = 'eth0';

const STATUSES = '/apis/fairlead.dev/v1/lbnodestatuses';

/** Picks an address that came, or was renewed (or, with `deleted`, went), on an interface. */
export function on(name: string, address: string, deleted = false): (event: IpEvent) => boolean {
  return (event) =>
    event.type === 'address' && event.interface === name && event.address === address && event.deleted === deleted;
}

/** What the tests of the kernel's state go by: a lab with one node, what happens in its kernel, and an agent. */
export interface LocalNode extends AsyncDisposable {
  readonly lab: Lab;
  readonly node: LabNode;
  readonly monitor: IpMonitor;
  agent: LabProcess;
}

/** Starts a lab with one node, its agent, and a group `lan` whose pools lie on the node's LAN. */
export async function startLocalNode(
  options: { readonly flags?: readonly string[]; readonly lab?: LabOptions } = {},
): Promise<LocalNode> {
  const { flags = [] } = options;
  const lab = await startLab({ nodes: 1, ...options.lab });
  try {
    const node = lab.node(1);
    await lab.apply(serviceGroup('lan', ['172.20.9.0/24', 'fd00:20::9:0/112']));
    await lab.startResponders();
    const monitor = await startIpMonitor(lab.run, node.namespace);
    const agent = await lab.startAgent(1, { flags });
    return {
      lab,
      node,
      monitor,
      agent,
      [Symbol.asyncDispose]: async () => {
        await monitor.stop();
        await lab.close();
      },
    };
  } catch (error) {
    lab.fail();
    await lab.close();
    throw error;
  }
}

/** How many of twenty questions from a namespace (default: the client on the LAN) the node answers on an address. */
export async function answersOn(lab: Lab, address: string, from = 'client'): Promise<number> {
  const probe = await lab.probe({ from, address, port: RESPONDER_PORT, packets: 20 });
  return (await probe.finished).received;
}

/**
 * Waits for a condition of a node's LBNodeStatus (of any node, unless `node` names one), or with `gone` until it is not
 * there. @returns its message
 */
export async function untilCondition(
  lab: Lab,
  type: string,
  options: {
    readonly node?: string;
    readonly gone?: boolean;
    readonly timeoutMs?: number;
    readonly saying?: string;
  } = {},
): Promise<string> {
  const { node, gone = false, timeoutMs = 25_000, saying = '' } = options;
  const find = (conditions: readonly Condition[] = []): Condition | undefined =>
    conditions.find((each) => each.type === type && each.message.includes(saying));
  const status = await lab.api.until<{ metadata: { name: string }; status?: { conditions?: readonly Condition[] } }>(
    STATUSES,
    ({ status: seen }) => seen?.conditions !== undefined && (find(seen.conditions) === undefined) === gone,
    { timeoutMs, ...(node !== undefined && { fieldSelector: `metadata.name=${node}` }) },
  );
  return find(status.status?.conditions)?.message ?? '';
}

/** The order of IPv4 addresses on an interface, as the kernel goes by it. */
export async function orderOn(node: LabNode, name = LAN): Promise<string[]> {
  const [link] = JSON.parse(await node.exec(['ip', '-j', '-4', 'addr', 'show', name])) as {
    readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[];
  }[];
  return (link?.addr_info ?? []).map(({ local, prefixlen }) => `${local}/${prefixlen}`);
}
