import type { ConfigurationFault } from '../controller/daemon.ts';
import { CHANNELS } from './bgp.ts';
import { readConfiguration } from './protocols.ts';
import type { Protocol } from './protocols.ts';

/** Kinds of protocols that speak to other routers. */
const SPEAKING: ReadonlySet<string> = new Set(['bgp', 'ospf', 'rip', 'babel']);

/**
 * Looks for what BIRD and its check accept and what ends sessions nevertheless: a BGP protocol without a family, and a
 * file, an empty one say, in which nothing speaks any more.
 * @param isToSpeak whether there is somebody to speak to
 * @returns undefined when there is nothing of the kind
 */
export function findSilence(text: string, isToSpeak: boolean): ConfigurationFault | undefined {
  const speaking = [...readConfiguration(text).protocols.values()].filter(({ kind }) => SPEAKING.has(kind));
  if (speaking.length === 0) {
    const message =
      'the templates print no protocol that speaks to another router, though the Router has some; where that is meant, take them out of the Router';
    return isToSpeak ? { line: undefined, message } : undefined;
  }
  const mute = speaking.find((protocol) => protocol.kind === 'bgp' && !hasChannel(protocol));
  return (
    mute && {
      line: mute.line,
      message: `protocol ${mute.name} has no family and could tell no route; write ipv4 { … } or ipv6 { … } into it`,
    }
  );
}

function hasChannel({ statements }: Protocol): boolean {
  return statements.some(({ head }) => CHANNELS.has(head[0] ?? ''));
}
