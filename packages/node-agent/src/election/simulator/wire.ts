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
  /** 0 … 1, of each delivery: it comes twice. */
  duplicates: number;
  /** Milliseconds from sender to receiver, uniformly between; frames may overtake each other. */
  delay: { readonly least: number; readonly most: number };
  /** Frames pass only between stations of the same group; a station without one is in group 0. */
  groups: Map<MAC, number>;
  /** Ports that pass no frame in any direction though their carrier is up (spanning tree: listening, learning). */
  blocked: ReadonlySet<MAC>;
}

/**
 * A switch that keeps some frames from some stations. EVPN leaves with suppression answer ARP questions so.
 * @returns whether the frame is to reach that receiver
 */
export type Filter = (frame: WireFrame, receiver: Station) => boolean;

/** A switch with faults. */
export class Wire {
  readonly faults: WireFaults = {
    loss: 0,
    duplicates: 0,
    delay: { least: 0.02, most: 0.2 },
    groups: new Map(),
    blocked: new Set(),
  };
  /** Frames sent by each station. */
  readonly sent = new Map<MAC, number>();
  /**
   * Called for each frame to all before it is delivered; true where the switch keeps it to itself, `answer` sends
   * something back to the sender.
   */
  suppress: ((frame: WireFrame, answer: (frame: WireFrame) => void) => boolean) | undefined;
  /** Asked for each receiver of a frame to all. */
  filter: Filter | undefined;
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

  unplug(station: Station): void {
    this.#stations.delete(station.mac);
  }

  send(frame: WireFrame): void {
    const sender = this.#stations.get(frame.source);
    if (sender === undefined || !sender.up()) {
      return;
    }
    this.sent.set(frame.source, (this.sent.get(frame.source) ?? 0) + 1);
    if (this.faults.blocked.has(frame.source)) {
      return;
    }
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
      if (receiver !== sender && this.filter?.(frame, receiver) !== false) {
        this.#deliver(frame, receiver);
      }
    }
  }

  /** Whether frames of the one reach the other, loss aside. */
  joins(one: MAC, other: MAC): boolean {
    const { blocked } = this.faults;
    return this.group(one) === this.group(other) && !blocked.has(one) && !blocked.has(other);
  }

  /** The group that a station is in while the LAN is split. */
  group(mac: MAC): number {
    return this.faults.groups.get(mac) ?? 0;
  }

  #deliver(frame: WireFrame, receiver: Station): void {
    const { loss, duplicates } = this.faults;
    if (!this.joins(frame.source, receiver.mac) || (loss > 0 && this.#random() < loss)) {
      return;
    }
    this.#pass(frame, receiver);
    if (duplicates > 0 && this.#random() < duplicates) {
      this.#pass(frame, receiver);
    }
  }

  #pass(frame: WireFrame, receiver: Station): void {
    const { delay } = this.faults;
    this.#timeline.after(delay.least + this.#random() * (delay.most - delay.least), () => {
      if (receiver.up() && this.joins(frame.source, receiver.mac)) {
        receiver.receive(frame);
      }
    });
  }
}
