/** Local addresses on one node: how long the kernel's part takes, and how soon the LAN is told. */
import { claimant, startCapture, startIpMonitor, startLab } from '@fairlead/e2e/lab';
import { createAllocated, serviceGroup } from '../../node-agent/allocated.ts';
import { LAN, on } from '../../node-agent/local-node.ts';
import { quantile } from '../figures.ts';
import type { Figure } from '../figures.ts';
import { progress, report } from '../output.ts';
import { measureAdding } from './kernel.ts';

const SERVICES = 20;

/** From the kernel's event of the address to the first frame that tells the LAN of it, one address after the other. */
async function measureAnnouncing(): Promise<Figure> {
  await using lab = await startLab({ nodes: 1 });
  const node = lab.node(1);
  await lab.apply(serviceGroup('lan', ['172.20.9.0/24']));
  await lab.startAgent(1);
  await using monitor = await startIpMonitor(lab.run, node.namespace);
  await using capture = await startCapture(lab.run);
  const times: number[] = [];
  for (let index = 1; index <= SERVICES; index += 1) {
    const address = `172.20.9.${index}`;
    await createAllocated(lab, { name: `web-${index}`, addresses: [address], group: 'lan' });
    const added = await monitor.events.waitFor(on(LAN, address));
    const told = await capture.events.waitFor((event) => claimant(event, address) === node.mac);
    // `ip monitor` gives the time of reading, the capture that of the kernel: the second may be earlier.
    times.push(Math.max(0, told.at - added.at));
  }
  return { what: 'local address added → told to the LAN, p50', value: quantile(times, 0.5), unit: 'ms', atMost: 2 };
}

const figures: Figure[] = [];
for (const job of [
  { family: 'IPv4', count: 10_000 },
  { family: 'IPv6', count: 1_000 },
] as const) {
  progress(`${job.count} ${job.family} addresses, three times, and by ip -batch`);
  figures.push(await measureAdding(job));
}
progress(`${SERVICES} Services, one after the other`);
figures.push(await measureAnnouncing());
await report(figures);
