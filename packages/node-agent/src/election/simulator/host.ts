import type { Address } from '@fairlead/api';
import { addressKey } from '../key.ts';
import type { HeardContent } from '../protocol.ts';
import type { MAC } from '../types.ts';
import type { Timeline } from './timeline.ts';
import type { Station, Wire, WireFrame } from './wire.ts';

/** What a kernel does on a LAN: it answers for the addresses it has, whether or not anybody looks after them. */
export class Host implements Station {
  readonly mac: MAC;
  readonly addresses = new Map<bigint, Address>();
  /** Its power. */
  on = true;
  /** The cable, or the virtual machine's scheduler. */
  connected = true;
  /** It answers every question to all with its own MAC (proxy ARP); `probes`: those with sender 0 as well. */
  proxy: { readonly probes: boolean } | undefined;
  readonly wire: Wire;
  protected readonly timeline: Timeline;

  constructor(options: {
    readonly mac: MAC;
    readonly wire: Wire;
    readonly timeline: Timeline;
    readonly addresses: readonly Address[];
  }) {
    this.mac = options.mac;
    this.wire = options.wire;
    this.timeline = options.timeline;
    for (const address of options.addresses) {
      this.addresses.set(addressKey(address), address);
    }
    this.wire.plug(this);
  }

  up(): boolean {
    return this.on && this.connected;
  }

  receive(frame: WireFrame): void {
    const { content } = frame;
    if (content.type === 'question' && (this.addresses.has(addressKey(content.about)) || this.#answersFor(content))) {
      this.wire.send({
        source: this.mac,
        destination: frame.source,
        content: { type: 'answer', about: content.about, mac: this.mac },
      });
    }
  }

  #answersFor(question: Extract<HeardContent, { type: 'question' }>): boolean {
    return this.proxy !== undefined && !question.unicast && (this.proxy.probes || !question.probe);
  }
}
