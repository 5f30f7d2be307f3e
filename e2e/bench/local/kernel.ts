import { formatAddress } from '@fairlead/api';
import type { IPFamily } from '@fairlead/api';
import { openNetlink } from '@fairlead/netlink';
import { KernelState, LocalAddresses } from '@fairlead/node-agent';
import { createLogger } from '@fairlead/runtime';
import { makeNamespace } from '../../netlink/namespace.ts';
import type { Namespace } from '../../netlink/namespace.ts';
import { quantile } from '../figures.ts';
import type { Figure } from '../figures.ts';

const ROUNDS = 3;
const LIFETIME_MS = 86_400_000;
const FIRST = { IPv4: 0x0a00_0000n, IPv6: 0x2001_0db8n << 96n } as const;

/** Nothing but what goes wrong. */
const logger = createLogger({ process: 'bench', level: 'error' });

interface Job {
  readonly family: IPFamily;
  readonly count: number;
}

function addressesOf({ family, count }: Job): { readonly family: IPFamily; readonly value: bigint }[] {
  return Array.from({ length: count }, (_, host) => ({ family, value: FIRST[family] + BigInt(host + 1) }));
}

async function node(): Promise<Namespace> {
  const namespace = await makeNamespace();
  namespace.ip('link add eth0 type veth peer name far0');
  namespace.ip('link set eth0 up');
  namespace.ip('addr add 192.0.2.1/24 dev eth0');
  return namespace;
}

/** By the part of the agent that does it, in ms. */
async function byAgent(job: Job): Promise<number> {
  await using namespace = await node();
  const netlink = await openNetlink({ netns: namespace.path });
  try {
    const interfaceIndex = (await netlink.links()).find(({ name }) => name === 'eth0')?.index ?? 0;
    const local = new LocalAddresses({
      netlink,
      state: new KernelState(),
      logger,
      mark: 'protocol',
      lifetimeMs: () => LIFETIME_MS,
      executed: () => {},
      problem: (error) => {
        throw error;
      },
    });
    const wanted = addressesOf(job).map((address) => ({ address, interfaceIndex }));
    const began = performance.now();
    const there = await local.add(wanted);
    const took = performance.now() - began;
    if (there.includes(false)) {
      throw new Error(`${there.filter((done) => !done).length} addresses are not there`);
    }
    return took;
  } finally {
    await netlink.close();
  }
}

/** The same addresses by one `ip -batch`, in ms. */
async function byBatch(job: Job): Promise<number> {
  await using namespace = await node();
  const seconds = LIFETIME_MS / 1000;
  const form =
    job.family === 'IPv4'
      ? `/32 dev eth0 noprefixroute valid_lft ${seconds} preferred_lft ${seconds}`
      : `/128 dev eth0 noprefixroute nodad valid_lft ${seconds} preferred_lft 0`;
  const lines = addressesOf(job).map((address) => `addr add ${formatAddress(address)}${form}`);
  const began = performance.now();
  namespace.ipBatch(lines);
  return performance.now() - began;
}

/** So many local addresses on one interface, against `ip -batch` in turns, the median of three each. */
export async function measureAdding(job: Job): Promise<Figure> {
  const agent: number[] = [];
  const batch: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    agent.push(await byAgent(job));
    batch.push(await byBatch(job));
  }
  const floor = quantile(batch, 0.5);
  return {
    what: `${job.count.toLocaleString('en')} local ${job.family} addresses on one interface`,
    value: quantile(agent, 0.5),
    unit: 'ms',
    floor: { what: 'ip -batch', value: floor },
    atMost: floor,
  };
}
