import type { Netlink } from '@fairlead/netlink';
import type { Logger } from '@fairlead/runtime';
import type { Timers } from '../apply/timers.ts';
import { KernelState } from '../facts/kernel-state.ts';
import type { KernelChange } from '../facts/kernel-state.ts';

/** Events are complete as far as anybody knows; this is for what nobody knows. */
const FULL_READING_MS = 300_000;
/** Surprises come in groups. */
const SURPRISE_MS = 1_000;

export interface KernelWatchOptions {
  readonly netlink: Netlink;
  readonly timers: Timers;
  readonly logger: Logger;
  /** One change, after the state has taken it over. Must not throw. */
  readonly changed: (change: KernelChange) => void;
  /** Everything was read anew; what differs is to be looked for. Must not throw. */
  readonly readAnew: (reason: string) => void;
}

/** Keeps a {@link KernelState} true: one reading, then events; another reading when events were lost, and now and then. */
export class KernelWatch {
  readonly state = new KernelState();
  readonly #options: KernelWatchOptions;
  #reading: Promise<void> | undefined;
  /** Why to read once more after the reading that is under way. */
  #again: string | undefined;
  #cancel: () => void = () => undefined;
  #unsubscribe: () => void = () => undefined;
  #closed = false;

  constructor(options: KernelWatchOptions) {
    this.#options = options;
  }

  /** Reads everything for the first time and follows events from before that on. */
  async start(): Promise<void> {
    const { netlink } = this.#options;
    this.#unsubscribe = netlink.subscribe((event) => {
      if (event.type === 'resync') {
        this.readAgain(event.reason);
        return;
      }
      const change = this.state.apply(event);
      if (change.type !== 'nothing') {
        this.#options.changed(change);
      }
      if (change.type === 'surroundings' && change.doubtful === true) {
        this.readAgain('interface');
      }
    });
    // Events may ask for another reading while this one is under way.
    this.#reading = this.#read();
    await this.#reading;
    this.#afterReading();
  }

  /** Reads everything again, soon and once for all who ask. */
  readAgain(reason: string): void {
    if (this.#closed) {
      return;
    }
    if (this.#reading !== undefined) {
      // What is being read may be older than the reason.
      this.#again = reason;
      return;
    }
    this.#cancel();
    this.#reading = this.#readAnew(reason);
  }

  /** Something is there that should not be; everything is read again in a moment. */
  surprised(): void {
    this.#plan(SURPRISE_MS);
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
    this.#unsubscribe();
  }

  async #readAnew(reason: string): Promise<void> {
    const { logger, readAnew } = this.#options;
    try {
      await this.#read();
      if (!this.#closed) {
        readAnew(reason);
      }
    } catch (error) {
      if (!this.#closed) {
        logger.error("The kernel's state cannot be read; it is tried again", { error });
      }
    }
    this.#afterReading();
  }

  #afterReading(): void {
    this.#reading = undefined;
    this.#plan(FULL_READING_MS);
    if (this.#again !== undefined) {
      const again = this.#again;
      this.#again = undefined;
      this.readAgain(again);
    }
  }

  #plan(ms: number): void {
    this.#cancel();
    if (!this.#closed) {
      this.#cancel = this.#options.timers.after(ms, () => {
        this.readAgain(ms === SURPRISE_MS ? 'surprise' : 'routine');
      });
    }
  }

  async #read(): Promise<void> {
    const { netlink } = this.#options;
    this.state.beginReading();
    const [links, addresses, routes] = await Promise.all([netlink.links(), netlink.addresses(), netlink.routes()]);
    this.state.reset({ links, addresses, routes });
  }
}
