import type { SimulatedService } from './api-server.ts';
import type { SimulatedLan } from './lan.ts';
import type { SimulatedNode } from './node.ts';

/** A part of a LAN whose stations hear each other, as far as one address is concerned. */
export interface Part {
  readonly number: number;
  readonly holders: readonly SimulatedNode[];
  /** Nodes that may take the address: they live, their agents run and know enough, and the Service allows them. */
  readonly able: readonly SimulatedNode[];
  /** Living stations that speak to each other: nodes with the address's family, and the gateway. */
  readonly stations: number;
  /** A node with a running agent has the address, which no Service has. */
  readonly leftover: boolean;
  /** All holders have agents that can let it go. */
  readonly resolvable: boolean;
  /** Its only holder is to hand over, can, and another one is there to take it. */
  readonly leaves: boolean;
}

/** The parts of a LAN. Nodes whose ports pass nothing are in none: alone, they keep what they have. */
export function partsOf(options: {
  readonly lan: SimulatedLan;
  readonly nodes: readonly SimulatedNode[];
  readonly holders: readonly SimulatedNode[];
  readonly service: SimulatedService | undefined;
  readonly excluded: ReadonlySet<string>;
}): readonly Part[] {
  const { lan, nodes, holders, service, excluded } = options;
  const { wire, gateway } = lan;
  const members = new Map<number, SimulatedNode[]>();
  for (const node of nodes) {
    if (node.up() && !wire.faults.blocked.has(node.mac)) {
      const number = wire.group(node.mac);
      const part = members.get(number);
      if (part === undefined) {
        members.set(number, [node]);
      } else {
        part.push(node);
      }
    }
  }
  const gatewayIn = wire.faults.blocked.has(gateway.mac) ? undefined : wire.group(gateway.mac);
  return [...members].map(([number, here]): Part => {
    const able = here.filter((node) => mayTake(node, service));
    const holding = here.filter((node) => holders.includes(node));
    const [only] = holding;
    return {
      number,
      holders: holding,
      able,
      stations:
        here.filter((node) => service === undefined || node.isOnLink(service.address)).length +
        (gatewayIn === number ? 1 : 0),
      leftover: service === undefined && holding.some(runs),
      resolvable: holding.every(runs),
      leaves:
        only !== undefined &&
        // Where another part of the LAN has it too, both write the claim, and no move gets through.
        holders.length === 1 &&
        runs(only) &&
        mustLeave(only, service, excluded) &&
        able.some((node) => node !== only && !excluded.has(node.name)),
    };
  });
}

function mayTake(node: SimulatedNode, service: SimulatedService | undefined): boolean {
  return (
    service !== undefined &&
    node.isOnLink(service.address) &&
    service.weights.has(node.name) &&
    !service.ineligible.has(node.name) &&
    runs(node)
  );
}

function mustLeave(node: SimulatedNode, service: SimulatedService | undefined, excluded: ReadonlySet<string>): boolean {
  return service !== undefined && (excluded.has(node.name) || service.ineligible.has(node.name));
}

/** Its agent runs and knows enough to act. */
function runs(node: SimulatedNode): boolean {
  return node.agent !== undefined && !node.agent.stopped && node.agent.ready;
}
