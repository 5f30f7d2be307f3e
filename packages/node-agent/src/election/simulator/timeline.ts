import { BinaryHeap } from '../binary-heap.ts';

/** Virtual time: what is to happen, in order, and nothing that waits. */
export class Timeline {
  #now = 0;
  #sequence = 0;
  readonly #heap = new BinaryHeap(before);

  get now(): number {
    return this.#now;
  }

  /** Runs the action after so many milliseconds of virtual time; equal times run in the order they were asked for. */
  after(ms: number, action: () => void): { readonly cancel: () => void } {
    const entry: Entry = { at: this.#now + Math.max(0, ms), sequence: (this.#sequence += 1), action };
    this.#heap.push(entry);
    return {
      cancel: () => {
        entry.action = undefined;
      },
    };
  }

  /** Runs everything that is due within the time. */
  run(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const first = this.#heap.peek();
      if (first === undefined || first.at > end) {
        break;
      }
      this.#heap.pop();
      this.#now = first.at;
      first.action?.();
    }
    this.#now = end;
  }
}

interface Entry {
  readonly at: number;
  readonly sequence: number;
  action: (() => void) | undefined;
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}

/** A source of chance that a seed repeats: Mulberry32 (public domain), 0 … 1. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
