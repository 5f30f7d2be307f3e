import type { HeardContent } from '../protocol.ts';
import type { MAC } from '../types.ts';
import type { Timeline } from './timeline.ts';

/** A frame on the simulated LAN. */
export interface WireFrame {
  readonly source: MAC;
  /** Absent: to every station. */
  readonly destination?: MAC;
  readonly content: HeardContent;
}

/** Whatever is plugged into the LAN. */
export interface Station {
  readonly mac: MAC;
  /** Whether its cable is in and its kernel runs. */
  readonly up: () => boolean;
  receive(frame: WireFrame): void;
}

/** What the LAN does to frames. */
export interface WireFaults {
  /** 0 … 1, of each delivery. */
  loss: number;
  /** Milliseconds from sender to receiver, uniformly between; frames may overtake each other. */
  delay: { readonly least: number; readonly most: number };
  /** Frames pass only between stations of the same group; a station without one is in group 0. */
  readonly groups: Map<MAC, number>;
}

/** A switch with faults. */
export class Wire {
  readonly faults: WireFaults = { loss: 0, delay: { least: 0.02, most: 0.2 }, groups: new Map() };
  /** Frames sent by each station. */
  readonly sent = new Map<MAC, number>();
  /**
   * Called for each frame to all before it is delivered; true where the switch keeps it to itself. EVPN leaves with
   * suppression answer ARP questions so.
   */
  suppress: ((frame: WireFrame, answer: (frame: WireFrame) => void) => boolean) | undefined;
  readonly #stations = new Map<MAC, Station>();
  readonly #timeline: Timeline;
  readonly #random: () => number;

  constructor(options: { readonly timeline: Timeline; readonly random: () => number }) {
    this.#timeline = options.timeline;
    this.#random = options.random;
  }

  plug(station: Station): void {
    this.#stations.set(station.mac, station);
  }

  send(frame: WireFrame): void {
    const sender = this.#stations.get(frame.source);
    if (sender === undefined || !sender.up()) {
      return;
    }
    this.sent.set(frame.source, (this.sent.get(frame.source) ?? 0) + 1);
    if (frame.destination !== undefined) {
      const receiver = this.#stations.get(frame.destination);
      if (receiver !== undefined) {
        this.#deliver(frame, receiver);
      }
      return;
    }
    if (this.suppress?.(frame, (answer) => this.#deliver(answer, sender)) === true) {
      return;
    }
    for (const receiver of this.#stations.values()) {
      if (receiver !== sender) {
        this.#deliver(frame, receiver);
      }
    }
  }

  #deliver(frame: WireFrame, receiver: Station): void {
    const { loss, delay } = this.faults;
    if (this.#group(frame.source) !== this.#group(receiver.mac) || this.#random() < loss) {
      return;
    }
    this.#timeline.after(delay.least + this.#random() * (delay.most - delay.least), () => {
      if (receiver.up() && this.#group(frame.source) === this.#group(receiver.mac)) {
        receiver.receive(frame);
      }
    });
  }

  #group(mac: MAC): number {
    return this.faults.groups.get(mac) ?? 0;
  }
}
