import { join } from 'node:path';
import type { Lab, LabNode } from '../lab/index.ts';

/** IFLA_EVENT of linux/if_link.h, as far as a test has use for it. */
export const LINK_EVENTS = { 'bonding failover': 3, 'notify peers': 4 } as const;

/** What the program that tells of a link takes. */
export interface LinkEventRequest {
  readonly index: number;
  readonly event: number;
}

/** Tells all programs on a node that an event came to one of its links; see programs/link-event.ts. */
export async function tellOfLink(
  lab: Lab,
  node: LabNode,
  { name, event }: { readonly name: string; readonly event: keyof typeof LINK_EVENTS },
): Promise<void> {
  const [link] = JSON.parse(await node.exec(['ip', '-j', 'link', 'show', name])) as { readonly ifindex: number }[];
  const request: LinkEventRequest = { index: link?.ifindex ?? 0, event: LINK_EVENTS[event] };
  const program = join(import.meta.dirname, 'programs', 'link-event.ts');
  await lab.run.exec([process.execPath, program, JSON.stringify(request)], { namespace: node.namespace });
}
