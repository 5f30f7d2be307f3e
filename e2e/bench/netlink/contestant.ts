/**
 * Run by main.ts inside of a network namespace: `contestant.ts NAME FAMILY COUNT INDEX` adds, lists and deletes that
 * many addresses on the interface, and prints the milliseconds that each took as JSON.
 */
import { execFileSync } from 'node:child_process';
import { formatAddress } from '@fairlead/api';
import type { Address, IPFamily } from '@fairlead/api';
import { addAddress, deleteAddress, openNetlink } from '@fairlead/netlink';
import type { NetlinkRequest } from '@fairlead/netlink';
import { ADD_ADDRESS, addressPayload, DELETE_ADDRESS, DUMP_ADDRESSES, openNodeNetlink } from './node-netlink.ts';

/** What every contestant can do with a list of addresses. */
interface Contestant {
  add(addresses: readonly Address[]): Promise<void>;
  /** How many addresses of the family the interface has, link-local ones included. */
  dump(): Promise<number>;
  delete(addresses: readonly Address[]): Promise<void>;
  close(): Promise<void>;
}

interface Job {
  readonly family: IPFamily;
  readonly index: number;
}

async function fairlead({ family, index }: Job): Promise<Contestant> {
  const netlink = await openNetlink();
  const execute = async (requests: readonly NetlinkRequest[]): Promise<void> => {
    for (const result of await netlink.execute(requests)) {
      if (!result.ok) {
        throw result.error;
      }
    }
  };
  const length = family === 'IPv4' ? 32 : 128;
  const flags = { noprefixroute: true, nodad: true };
  return {
    add: (addresses) =>
      execute(addresses.map((address) => addAddress({ index, address, length, flags, protocol: 201 }))),
    dump: async () => (await netlink.addresses({ family, index })).length,
    delete: (addresses) => execute(addresses.map((address) => deleteAddress({ index, address, length }))),
    close: () => netlink.close(),
  };
}

async function nodeNetlink({ family, index }: Job): Promise<Contestant> {
  const netlink = await openNodeNetlink();
  // One after the other: it loses replies to requests in parallel.
  const talk = async (header: typeof ADD_ADDRESS, addresses: readonly Address[]): Promise<void> => {
    for (const address of addresses) {
      await netlink.talk({ header, payload: addressPayload(address, index) });
    }
  };
  return {
    add: (addresses) => talk(ADD_ADDRESS, addresses),
    dump: async () => {
      const payload = Buffer.of(family === 'IPv4' ? 2 : 10, 0, 0, 0, 0, 0, 0, 0);
      const packets = await netlink.talk({ header: DUMP_ADDRESSES, payload });
      return packets.filter((packet) => packet.payload.readUInt32LE(4) === index).length;
    },
    delete: (addresses) => talk(DELETE_ADDRESS, addresses),
    close: () => netlink.close(),
  };
}

function ipBatch({ family, index }: Job): Contestant {
  const flag = family === 'IPv4' ? '-4' : '-6';
  const run = (args: readonly string[], lines: readonly string[]): string => {
    const options = { encoding: 'utf8', input: lines.join('\n'), maxBuffer: 2 ** 30 } as const;
    return execFileSync('ip', [flag, ...args], options);
  };
  const device = `dev ${(JSON.parse(run(['-j', 'link'], [])) as { ifindex: number; ifname: string }[]).find((link) => link.ifindex === index)?.ifname}`;
  const nodad = family === 'IPv6' ? ' nodad' : '';
  const length = family === 'IPv4' ? 32 : 128;
  const batch = (lines: readonly string[]): Promise<void> => {
    run(['-batch', '-'], lines);
    return Promise.resolve();
  };
  return {
    add: (addresses) =>
      batch(addresses.map((address) => `addr add ${formatAddress(address)}/${length} ${device} noprefixroute${nodad}`)),
    dump: () =>
      Promise.resolve(
        run(['-o', 'addr', 'show', ...device.split(' ')], [])
          .trim()
          .split('\n').length,
      ),
    delete: (addresses) => batch(addresses.map((address) => `addr del ${formatAddress(address)}/${length} ${device}`)),
    close: () => Promise.resolve(),
  };
}

function open(name: string, job: Job): Promise<Contestant> | Contestant {
  switch (name) {
    case 'fairlead':
      return fairlead(job);
    case 'node-netlink':
      return nodeNetlink(job);
    case 'ip -batch':
      return ipBatch(job);
    default:
      throw new Error(`nobody is called ${name}`);
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const [name = '', familyName, count, index] = process.argv.slice(2);
const family = familyName === 'IPv4' ? 'IPv4' : 'IPv6';
const base = family === 'IPv4' ? 0x0a00_0000n : 0x2001_0db8_0000_0000_0000_0000_0000_0000n;
const addresses = Array.from({ length: Number(count) }, (_, host) => ({ family, value: base + BigInt(host) }) as const);
const contestant = await open(name, { family, index: Number(index) });
const add = await timed(() => contestant.add(addresses));
let found = 0;
const dump = await timed(async () => {
  found = await contestant.dump();
});
if (found < addresses.length || found > addresses.length + 1) {
  throw new Error(`${name} lists ${found} addresses of ${addresses.length}`);
}
// Newest first is what costs the kernel least with IPv6; everybody gets the same order.
const remove = await timed(() => contestant.delete(addresses.toReversed()));
await contestant.close();
console.log(JSON.stringify({ add, dump, delete: remove }));
