/**
 * `make demo`: a cluster of three nodes on this machine, and what Fairlead does in it, with times. Ends with 0 when all
 * that it said was true.
 */
import { RESPONDER_PORT, startIpMonitor, takeTimeline } from '@fairlead/e2e/lab';
import type { AddressTimeline, Lab, ProbeReport, Timeline } from '@fairlead/e2e/lab';
import { service } from '../scene/manifests.ts';
import type { GroupName } from '../scene/manifests.ts';
import { holdersOf, untilService } from '../scene/observe.ts';
import { startScene } from '../scene/scene.ts';
import type { Scene } from '../scene/scene.ts';
import { Screen } from './screen.ts';

/** What Fairlead promises for the death of a node on the LAN, with its default settings. */
const FAILOVER_PROMISE_MS = 1000;
/** How long a probe runs before something is done to the cluster, and after it is over. */
const QUIET_MS = 500;

const screen = new Screen({ write: (text) => process.stdout.write(text), clock: () => performance.now() });

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

async function showTimeline(lab: Lab, title: string, group: GroupName): Promise<Timeline> {
  screen.title(title);
  const local = group === 'lan';
  const timeline = await takeTimeline(lab, {
    service: service({ name: `web-${group}`, group, families: 'dual', app: 'web' }),
    kind: local ? 'local' : 'virtual',
    addresses: 2,
  });
  screen.milliseconds('created by the API server', 0);
  screen.milliseconds('address in the status of the Service', timeline.inStatus);
  for (const each of timeline.addresses) {
    showAddress(each);
  }
  const answered = timeline.addresses.every(({ answered: answers }) => Object.keys(answers).length === 2);
  screen.check('both families answer HTTP from the LAN and from behind the router', answered);
  return timeline;
}

function showAddress(timeline: AddressTimeline): void {
  const { address } = timeline;
  screen.milliseconds(`${address} on ${timeline.interface} of ${timeline.node}`, timeline.onInterface);
  screen.milliseconds(`${address} told to the LAN (ARP, ND)`, timeline.onTheWire);
  screen.milliseconds(`${address} in the ToR's routing table`, timeline.inTor);
  screen.milliseconds(`${address} HTTP answer, client on the LAN`, timeline.answered['client'] ?? null);
  screen.milliseconds(`${address} HTTP answer, client behind the ToR`, timeline.answered['remote'] ?? null);
}

function showProbe(report: ProbeReport): void {
  screen.line(
    `1 kHz probe: ${report.sent} sent, ${report.lost} lost, longest gap ${report.longestGapMs.toFixed(0)} ms, ` +
      `overlap ${report.overlapMs.toFixed(0)} ms, answered by ${Object.keys(report.nodes).join(', then ')}`,
  );
}

/** An agent dies and comes back: the kernel goes on answering, and nothing changes in it. */
async function killAgent({ lab, agents }: Scene, address: string): Promise<void> {
  const [holder = ''] = await holdersOf(lab, address);
  screen.title(`The agent of ${holder} is killed (SIGKILL), and started again`);
  const index = lab.nodes.findIndex(({ name }) => name === holder);
  const monitors = await Promise.all(lab.nodes.map((node) => startIpMonitor(lab.run, node.namespace)));
  const probe = await lab.probe({ from: 'client', address, port: RESPONDER_PORT });
  await wait(QUIET_MS);
  await agents[index]?.kill();
  screen.step('killed');
  await wait(QUIET_MS);
  await lab.startAgent(holder);
  screen.step('started again and ready');
  await wait(QUIET_MS);
  const report = await probe.stop();
  const changes = monitors.flatMap(({ events }) => events.all.filter(({ type }) => type !== 'neighbour'));
  await Promise.all(monitors.map((monitor) => monitor.stop()));
  showProbe(report);
  screen.check('nothing was lost', report.lost === 0);
  screen.check('no kernel changed an address, a route or a link', changes.length === 0);
}

/** The node that holds a local address dies. */
async function killHolder(lab: Lab, name: string, address: string): Promise<void> {
  const [holder = ''] = await holdersOf(lab, address);
  screen.title(`${holder}, which holds ${address}, dies: no frame, no process`);
  const probe = await lab.probe({ from: 'client', address, port: RESPONDER_PORT });
  await wait(QUIET_MS);
  await lab.killNode(holder);
  screen.step('dead');
  await untilService(lab, name, ({ metadata }) => {
    const announcers = metadata.annotations?.['fairlead.dev/announced-by'] ?? '';
    return announcers !== '' && !announcers.includes(`${holder}/`);
  });
  await wait(QUIET_MS);
  const report = await probe.stop();
  showProbe(report);
  const living = lab.nodes.filter(({ name: node }) => node !== holder);
  const held = await Promise.all(
    living.map(async (node) => (await node.exec(['ip', '-o', 'address', 'show', 'to', address])).trim() !== ''),
  );
  const now = living.filter((_, index) => held[index]).map(({ name: node }) => node);
  screen.check(`one living node holds it now: ${now.join(', ') || 'none'}`, now.length === 1);
  screen.check(`the gap is under ${FAILOVER_PROMISE_MS} ms`, report.longestGapMs < FAILOVER_PROMISE_MS);
  screen.check('never did two nodes answer', report.overlapMs === 0);
  screen.check(
    'the address answers again',
    report.gaps.every(({ to }) => to < (report.packets.at(-1)?.sent ?? 0)),
  );
}

async function showCommands(lab: Lab): Promise<void> {
  screen.title('The same by hand: `make lab` leaves such a cluster running and prints these with its own names');
  screen.command('kubectl get services,servicegroups,lbnodestatuses,lans');
  screen.command('kubectl describe service web-lan');
  screen.command('node dist/kubectl-fairlead.mjs why web-lan');
  screen.command(`nsenter --net=${lab.run.namespacePath('node-1')} ip address show eth0`);
  screen.command(`nsenter --net=${lab.run.namespacePath('node-1')} ip route show dev kube-lb0 proto 201`);
  screen.command(`birdc -s ${lab.tor.socket} show route`);
  screen.line();
  screen.line((await lab.kubectl(['get', 'services'])).trimEnd().replaceAll('\n', '\n  '));
  screen.line();
  screen.line((await lab.kubectl(['get', 'servicegroups'])).trimEnd().replaceAll('\n', '\n  '));
}

async function play(scene: Scene): Promise<void> {
  const { lab } = scene;
  await lab.deployment({ name: 'web', replicas: 3 });
  await lab.startResponders();
  screen.step(`three nodes are ready; the lab itself took ${(lab.startedInMs / 1000).toFixed(1)} s`);
  const local = await showTimeline(
    lab,
    'A Service with addresses of the LAN, proven free before they are taken',
    'lan',
  );
  await showTimeline(lab, 'A Service with virtual addresses, routed by BGP', 'routed');
  const address = local.addresses[0]?.address ?? '';
  await killAgent(scene, address);
  await killHolder(lab, 'web-lan', address);
  await showCommands(lab);
}

screen.title('A cluster on this machine: etcd, kube-apiserver, controller-manager, kube-proxy, BIRD, Fairlead');
const scene = await startScene({ progress: (step) => screen.step(step) });
try {
  await play(scene);
} catch (error) {
  scene.lab.fail();
  throw error;
} finally {
  await scene.lab.close();
}
const failed = screen.verdicts.filter(({ holds }) => !holds);
screen.title(
  failed.length === 0 ? 'All of it was true.' : `${failed.length} of ${screen.verdicts.length} were not true.`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
