import { formatAddress, sameAddress } from '@fairlead/api';
import type { Address } from '@fairlead/api';
import type { SentFrame } from '../protocol.ts';
import type { SimulatedNode } from './node.ts';
import type { World } from './world.ts';

/** Tells what happens in a world, line by line: what kernels get and lose, what agents say, and frames about service addresses. */
export function traceWorld(world: World, trace: (line: string) => void): void {
  const say = (node: SimulatedNode, what: string): void => {
    trace(`${world.timeline.now.toFixed(1).padStart(9)} ms  ${node.name} ${what}`);
  };
  for (const node of world.nodes) {
    const { observer } = node;
    let before = stateOf(node);
    let events = 0;
    node.observer = {
      changed: (changed) => {
        const state = stateOf(node);
        if (state !== before) {
          before = state;
          say(node, `is ${state}`);
        }
        observer?.changed(changed);
      },
      added: (changed, address) => observer?.added?.(changed, address),
      said: (speaker, event) => observer?.said?.(speaker, event),
      sent: (sender, frame) => {
        for (const event of node.events.slice(events)) {
          say(
            node,
            `says ${event.type}${event.type === 'withdrawn' ? ` (${event.reason})` : ''} ${formatAddress(event.address)}`,
          );
        }
        events = node.events.length;
        if (!isWatch(world, frame)) {
          say(node, describeFrame(frame));
        }
        observer?.sent?.(sender, frame);
      },
    };
  }
}

function stateOf(node: SimulatedNode): string {
  const agent = node.agent === undefined ? 'no agent' : node.agent.stopped ? 'agent still' : 'agent runs';
  const has = node.serviceAddresses().map((address) => formatAddress(address));
  return `${node.up() ? 'up' : 'down'}, ${agent}, has ${has.join(' ') || 'nothing'}`;
}

/** Questions to a station alone about a node's own address, or a gateway's. */
function isWatch(world: World, frame: SentFrame): boolean {
  const own = (address: Address): boolean =>
    [
      ...world.nodes.flatMap(({ ownAddresses }) => ownAddresses),
      ...world.lans.flatMap(({ gateway }) => [...gateway.addresses.values()]),
    ].some((other) => sameAddress(other, address));
  return frame.type === 'question' && typeof frame.to === 'object' && own(frame.about);
}

function describeFrame(frame: SentFrame): string {
  const about = formatAddress(frame.about);
  if (frame.type === 'announcement') {
    return `announces ${about}`;
  }
  return `asks ${typeof frame.to === 'object' ? frame.to.mac : frame.to} for ${about}${frame.sender === 'none' ? ', sender 0' : ''}`;
}
