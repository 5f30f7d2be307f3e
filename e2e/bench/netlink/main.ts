/**
 * Our netlink package, the npm package node-netlink and `ip -batch` side by side: each adds, lists and deletes the same
 * addresses on an interface of a fresh network namespace. Then what one change costs, how soon it is heard, and how
 * many announcements a second go out. Needs root.
 *
 * Run: node e2e/bench/netlink/main.ts [--full] [--count N] [--json FILE]
 * --full takes 10,000 IPv6 addresses instead of 1,000; that costs the kernel itself over a minute a contestant.
 */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { IPFamily } from '@fairlead/api';
import {
  addAddress,
  addLink,
  deleteAddress,
  gratuitousArpReply,
  openLanSocket,
  openNetlink,
  setLinkUp,
  unsolicitedNA,
} from '@fairlead/netlink';
import type { LanFrame } from '@fairlead/netlink';
import type { Namespace } from '../../netlink/namespace.ts';
import { eventually, makeCable, makeNamespace } from '../../netlink/namespace.ts';
import type { Figure } from '../figures.ts';
import { formatTable, quantile } from '../figures.ts';
import { installNodeNetlink } from './node-netlink.ts';

const script = join(dirname(fileURLToPath(import.meta.url)), 'contestant.ts');
const STEPS = ['add', 'dump', 'delete'] as const;
type Times = Readonly<Record<(typeof STEPS)[number], number>>;

/** The one that gives the floor: a C program that does nothing else. */
const FLOOR = 'ip -batch';

async function addInterface(namespace: Namespace): Promise<number> {
  const netlink = await openNetlink({ netns: namespace.path });
  await netlink.execute([addLink({ name: 'kube-lb0', kind: 'dummy' })]);
  // Where the kernel has no dummy driver, as the node agent does it.
  await netlink.execute([addLink({ name: 'kube-lb0', kind: 'ifb' })]);
  const index = (await netlink.links()).find(({ name }) => name === 'kube-lb0')?.index;
  if (index === undefined) {
    throw new Error('this kernel has neither dummy nor ifb interfaces');
  }
  await netlink.execute([setLinkUp(index)]);
  await netlink.close();
  return index;
}

async function compete(name: string, family: IPFamily, count: number): Promise<Times> {
  await using namespace = await makeNamespace();
  const index = await addInterface(namespace);
  const args = ['--no-warnings', script, name, family, String(count), String(index)];
  return JSON.parse(namespace.run(process.execPath, ...args)) as Times;
}

function figuresOf(family: IPFamily, count: number, results: ReadonlyMap<string, Times>): Figure[] {
  const floor = results.get(FLOOR);
  return [...results]
    .filter(([name]) => name !== FLOOR)
    .flatMap(([name, times]) =>
      STEPS.map((step) => ({
        what: `${name}: ${step} ${count.toLocaleString('en')} ${family} addresses`,
        value: times[step],
        unit: 'ms' as const,
        ...(floor === undefined ? {} : { floor: { what: FLOOR, value: floor[step] } }),
      })),
    );
}

/** One address added and deleted again, and the time until a listener hears of each, a thousand times. */
async function singleChanges(): Promise<Figure[]> {
  await using namespace = await makeNamespace();
  const index = await addInterface(namespace);
  const netlink = await openNetlink({ netns: namespace.path });
  const target = { index, address: { family: 'IPv4', value: 0xc000_0201n } as const, length: 32 };
  const execution: number[] = [];
  const hearing: number[] = [];
  for (let round = 0; round < 1000; round++) {
    const request = round % 2 === 0 ? addAddress(target) : deleteAddress(target);
    const heard = eventually(netlink, (event) => (event.type === 'address' ? performance.now() : undefined));
    const start = performance.now();
    const executed = netlink.execute([request]).then(() => execution.push(performance.now() - start));
    hearing.push((await heard) - start);
    await executed;
  }
  await netlink.close();
  return [
    { what: 'one address added or deleted, p50', value: quantile(execution, 0.5), unit: 'ms', atMost: 1 },
    { what: 'a change until its listener is called, p50', value: quantile(hearing, 0.5), unit: 'ms', atMost: 1 },
  ];
}

async function announcements(): Promise<Figure[]> {
  const [here, there] = await makeCable();
  const netlink = await openNetlink({ netns: here.path });
  const link = (await netlink.links()).find(({ name }) => name === 'eth0');
  if (link?.mac === undefined) {
    throw new Error('no eth0');
  }
  const { mac, index } = link;
  const lan = await openLanSocket({ netns: here.path, index });
  const perSecond = (frameOf: (host: bigint) => LanFrame): number => {
    const frames = Array.from({ length: 10_000 }, (_, host) => frameOf(BigInt(host)));
    const start = performance.now();
    const result = lan.send(frames);
    if (!result.ok) {
      throw result.error;
    }
    return (frames.length / (performance.now() - start)) * 1000;
  };
  const arp = perSecond((host) => gratuitousArpReply({ mac, address: { family: 'IPv4', value: 0x0a00_0000n + host } }));
  const na = perSecond((host) => unsolicitedNA({ mac, address: { family: 'IPv6', value: (0xfd00n << 112n) + host } }));
  await Promise.all([lan.close(), netlink.close()]);
  await Promise.all([here[Symbol.asyncDispose](), there[Symbol.asyncDispose]()]);
  return [
    { what: 'gratuitous ARP replies sent', value: arp, unit: 'frames per second' },
    { what: 'unsolicited neighbour advertisements sent', value: na, unit: 'frames per second' },
  ];
}

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    count: { type: 'string', default: '10000' },
    json: { type: 'string' },
  },
});
const count = Number(values.count);
const missing = installNodeNetlink();
if (missing !== undefined) {
  console.log(`node-netlink ${missing}: left out`);
}
const contestants = ['fairlead', ...(missing === undefined ? ['node-netlink'] : []), FLOOR];
const figures: Figure[] = [];
for (const [family, size] of [
  ['IPv4', count],
  ['IPv6', values.full ? count : Math.min(count, 1000)],
] as const) {
  const results = new Map<string, Times>();
  for (const name of contestants) {
    results.set(name, await compete(name, family, size));
  }
  const rows = [...results].map(([name, times]) => [name].concat(STEPS.map((step) => times[step].toFixed(0))));
  console.log(`\n${size.toLocaleString('en')} ${family} addresses, ms\n${formatTable([['', ...STEPS], ...rows])}`);
  figures.push(...figuresOf(family, size, results));
}
figures.push(...(await singleChanges()), ...(await announcements()));
console.log('');
for (const { what, value, unit } of figures.slice(-4)) {
  console.log(`${what}: ${value.toFixed(unit === 'ms' ? 3 : 0)} ${unit}`);
}
if (values.json !== undefined) {
  writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
}
