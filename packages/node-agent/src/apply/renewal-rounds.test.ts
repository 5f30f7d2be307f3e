import { parseAddress } from '@fairlead/api';
import { createLogger } from '@fairlead/runtime';
import { KernelState } from '../facts/kernel-state.ts';
import { ourAddress } from './kernel-objects.ts';
import { LocalAddresses } from './local-addresses.ts';
import { Renewal } from './renewal.ts';

const LIFETIME_MS = 10_000;
const ADDRESS = parseAddress('192.0.2.9');

function lifetimeMs(): number {
  return LIFETIME_MS;
}

/** A node with one local address, which its kernel drops when its lifetime is over, and a loop that can be late. */
class Node {
  /** When the kernel drops the address. */
  endsAt: number;
  /** By how much each timer is late, until when. */
  busy = { byMs: 0, until: 0 };
  readonly renewal: Renewal;
  #now = 0;
  #due: { readonly at: number; readonly callback: () => void }[] = [];

  constructor({ leftMs }: { readonly leftMs: number }) {
    this.endsAt = leftMs;
    const state = new KernelState();
    state.putAddress(this.#address());
    const netlink = {
      addresses: async () => (this.endsAt > this.#now ? [this.#address()] : []),
      drained: () => true,
      subscribe: () => () => {},
      execute: async (requests: readonly unknown[]) => {
        this.endsAt = this.#now + LIFETIME_MS;
        return requests.map(() => ({ ok: true as const }));
      },
    };
    const logger = createLogger({ process: 'test', level: 'error' });
    this.renewal = new Renewal({
      netlink,
      state,
      local: new LocalAddresses({
        netlink,
        state,
        logger,
        lifetimeMs,
        mark: 'protocol',
        executed: () => {},
        problem: () => {},
      }),
      timers: { now: () => this.#now, after: (ms, callback) => this.#after(ms, callback) },
      logger,
      lifetimeMs,
      remembered: () => false,
      holds: () => true,
      gone: () => {},
      renewed: () => {},
    });
  }

  /** Whether the kernel has had the address all the time until then. */
  async keepsItUntil(end: number): Promise<boolean> {
    for (;;) {
      const next = this.#due.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) {
        return this.endsAt > end;
      }
      if (next.at >= this.endsAt) {
        return false;
      }
      this.#due = this.#due.filter((each) => each !== next);
      this.#now = next.at;
      next.callback();
      // A round reads and writes by promises.
      for (let turn = 0; turn < 10; turn += 1) {
        await Promise.resolve();
      }
    }
  }

  #after(ms: number, callback: () => void): () => void {
    const at = this.#now + ms;
    const timer = { at: at + (at < this.busy.until ? this.busy.byMs : 0), callback };
    this.#due.push(timer);
    return () => {
      this.#due = this.#due.filter((each) => each !== timer);
    };
  }

  #address(): ReturnType<typeof ourAddress> {
    const valid = Math.floor((this.endsAt - this.#now) / 1000);
    return ourAddress({ index: 2, address: ADDRESS, mark: 'protocol', lifetimes: { valid, preferred: valid } });
  }
}

test('what a past life renewed long ago is renewed by the next one before it ends', async () => {
  const node = new Node({ leftMs: 500 });
  node.renewal.soon();
  expect(await node.keepsItUntil(60_000)).toBe(true);
});

test('a loop that is late for seconds renews as soon as it is not', async () => {
  const node = new Node({ leftMs: LIFETIME_MS });
  // Until a moment before it ends.
  node.busy = { byMs: 60, until: LIFETIME_MS - 300 };
  node.renewal.added();
  expect(await node.keepsItUntil(60_000)).toBe(true);
});
