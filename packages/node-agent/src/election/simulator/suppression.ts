import { addressKey } from '../key.ts';
import type { MAC } from '../types.ts';
import type { SimulatedLan } from './lan.ts';
import type { SimulatedNode } from './node.ts';
import type { Timeline } from './timeline.ts';
import type { WireFrame } from './wire.ts';

/** What a fabric needs until an announcement on one side is known on the other one, in milliseconds. */
const LEARNING_MS = 200;

/**
 * Puts an EVPN fabric with ARP suppression between two halves of a LAN, or takes it away. As Linux bridges do it
 * (`br_do_proxy_suppress_arp`; measured on `neigh_suppress`): probes with sender 0 and announcements do not pass,
 * questions to all about an address that the fabric knows are answered for its owner, alive or not, and unicast passes.
 * @param options.fabric the nodes of the one half, and whether the fabric follows announcements; undefined: none
 */
export function suppress(options: {
  readonly lan: SimulatedLan;
  readonly nodes: readonly SimulatedNode[];
  readonly timeline: Timeline;
  readonly fabric: { readonly nodes: readonly number[]; readonly learns: boolean } | undefined;
}): void {
  const { lan, nodes, timeline, fabric } = options;
  const { wire } = lan;
  if (fabric === undefined) {
    wire.suppress = undefined;
    wire.filter = undefined;
    return;
  }
  if (wire.filter !== undefined) {
    return;
  }
  const far = new Set(fabric.nodes.map((member) => lan.mac(member)));
  const owners = new Map<bigint, MAC>();
  for (const host of [...nodes, lan.gateway]) {
    for (const key of host.addresses.keys()) {
      owners.set(key, host.mac);
    }
  }
  const apart = (one: MAC, other: MAC): boolean => far.has(one) !== far.has(other);
  const knownElsewhere = ({ source, content }: WireFrame): MAC | undefined => {
    const owner = content.type === 'question' && !content.probe ? owners.get(addressKey(content.about)) : undefined;
    return owner !== undefined && apart(owner, source) ? owner : undefined;
  };
  wire.suppress = (frame, answer): boolean => {
    const { content, source } = frame;
    const owner = knownElsewhere(frame);
    if (owner !== undefined && content.type === 'question') {
      answer({ source: owner, destination: source, content: { type: 'answer', about: content.about, mac: owner } });
    }
    if (content.type === 'announcement' && fabric.learns) {
      timeline.after(LEARNING_MS, () => owners.set(addressKey(content.about), content.mac));
    }
    return false;
  };
  wire.filter = (frame, receiver): boolean => {
    const { content, source } = frame;
    if (!apart(source, receiver.mac)) {
      return true;
    }
    switch (content.type) {
      case 'announcement':
        return false;
      case 'question':
        return !content.probe && knownElsewhere(frame) === undefined;
      case 'answer':
      case 'other':
        return true;
    }
  };
}
