import { parseAddress } from '@fairlead/api';
import type { InterfaceAddress, NetlinkEvent } from '@fairlead/netlink';
import { IPv6Arrival } from './ipv6-arrival.ts';
import { ourAddress } from './kernel-objects.ts';

function address(text: string): InterfaceAddress {
  return ourAddress({
    index: 2,
    address: parseAddress(text),
    mark: 'protocol',
    lifetimes: { valid: 60, preferred: 0 },
  });
}

const ADDRESSES = ['192.0.2.1', '2001:db8::1', '2001:db8::2'].map(address);

/** An arrival of these addresses, and what the kernel tells. */
function awaited(addresses: readonly InterfaceAddress[]): {
  readonly arrival: IPv6Arrival;
  readonly tell: (event: NetlinkEvent) => void;
  readonly listeners: () => number;
  readonly done: () => Promise<boolean>;
} {
  const listeners = new Set<(event: NetlinkEvent) => void>();
  const arrival = new IPv6Arrival(
    {
      subscribe: (listener) => {
        listeners.add(listener);
        return () => {
          listeners.delete(listener);
        };
      },
    },
    addresses,
  );
  let waited = false;
  const waiting = (async () => {
    await arrival.wait();
    waited = true;
  })();
  return {
    arrival,
    tell: (event) => {
      listeners.forEach((listener) => {
        listener(event);
      });
    },
    listeners: () => listeners.size,
    done: async () => {
      await Promise.race([waiting, new Promise<void>((resolve) => setImmediate(resolve))]);
      return waited;
    },
  };
}

test('IPv4 addresses are there at once', async () => {
  const { done, listeners } = awaited(ADDRESSES.slice(0, 1));
  expect([await done(), listeners()]).toEqual([true, 0]);
});

test('IPv6 addresses are there when the kernel has told of each', async () => {
  const { done, tell, listeners } = awaited(ADDRESSES);
  const [first, second, third] = ADDRESSES.map((each): NetlinkEvent => ({
    type: 'address',
    action: 'new',
    address: each,
  }));
  for (const event of [first, second]) {
    if (event !== undefined) {
      tell(event);
    }
    expect(await done()).toBe(false);
  }
  if (third !== undefined) {
    tell(third);
  }
  expect([await done(), listeners()]).toEqual([true, 0]);
});

test('one that was not added is not waited for, nor any when events were lost', async () => {
  const one = awaited(ADDRESSES.slice(0, 2));
  ADDRESSES.slice(1, 2).forEach((each) => {
    one.arrival.skip(each);
  });
  expect(await one.done()).toBe(true);
  const other = awaited(ADDRESSES);
  other.tell({ type: 'resync', reason: 'overrun' });
  expect(await other.done()).toBe(true);
});

test('who never hears of it goes on all the same', async () => {
  const { arrival } = awaited(ADDRESSES);
  await expect(arrival.wait()).resolves.toBeUndefined();
});
