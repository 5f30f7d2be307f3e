/** What can be out of order with an address in one part of its LAN. */
export type Kind =
  /** Nobody has it. */
  | 'gap'
  /** Two have it that hear each other. */
  | 'overlap'
  /** Somebody has it though no Service does. */
  | 'leftover'
  /** Its holder should hand over, and there is somebody to take it. */
  | 'handOver';

/** How long something was out of order, and after what. */
export interface Sample {
  readonly kind: Kind;
  readonly blame: string;
  readonly ms: number;
}

interface Entry {
  readonly kind: Kind;
  readonly since: number;
  readonly number: number;
  readonly blame: string;
}

/** Times at which an address was out of order, part by part of its LAN. */
export class Ledger {
  readonly samples: Sample[] = [];
  readonly #open = new Map<number, Entry>();

  /** What is out of order now. */
  get open(): IterableIterator<Entry> {
    return this.#open.values();
  }

  get inOrder(): boolean {
    return this.#open.size === 0;
  }

  /** @param options.blame asked for the kind of fault when something begins */
  update(options: {
    readonly now: number;
    readonly parts: readonly { readonly number: number; readonly state: Kind | undefined }[];
    readonly blame: () => string;
  }): void {
    const { now, parts, blame } = options;
    for (const [number, entry] of this.#open) {
      if (parts.find((part) => part.number === number)?.state !== entry.kind) {
        this.#end(entry, now);
      }
    }
    for (const { number, state } of parts) {
      if (state !== undefined && !this.#open.has(number)) {
        this.#open.set(number, { kind: state, since: now, number, blame: blame() });
      }
    }
  }

  /** Ends everything that is open. */
  close(now: number): void {
    for (const entry of this.#open.values()) {
      this.#end(entry, now);
    }
  }

  #end(entry: Entry, now: number): void {
    this.#open.delete(entry.number);
    this.samples.push({ kind: entry.kind, blame: entry.blame, ms: now - entry.since });
  }
}
