import { setTimeout as pass } from 'node:timers/promises';
import { claimant, NAMESPACES, now, RESPONDER_PORT } from '@fairlead/e2e/lab';
import type { EventLog, LabNode, LanEvent, ProbeReport } from '@fairlead/e2e/lab';
import { startCapture } from '../lab/capture.ts';
import { settledMs } from './holding-times.ts';
import { arranged } from './lan-arranged.ts';
import { addFarSwitch, movePorts, setTrunk, SWITCHES } from './lan-switch.ts';
import type { Outcome } from './scenario.ts';
import { longestSilenceMs } from './silence.ts';
import type { Stage } from './stage.ts';
import { outcomeOf, Watch } from './watch.ts';

/** How long both halves have been served when they become one again. */
const APART_MS = 500;
/** How long is looked whether it stays with one of them: whoever gave way looks again 100 ms later. */
const AFTERMATH_MS = 1000;

/** The nodes behind each of the two switches. */
interface Halves {
  readonly near: readonly LabNode[];
  readonly far: readonly LabNode[];
}

/** The client and half of the nodes stay; the ToR, which another client is behind, and the others go to a second switch. */
async function twoSwitches({ lab }: Stage): Promise<Halves> {
  const middle = lab.nodes.length / 2;
  const halves = { near: lab.nodes.slice(0, middle), far: lab.nodes.slice(middle) };
  await addFarSwitch(lab.run);
  await movePorts(lab.run, [NAMESPACES.tor, ...halves.far.map(({ name }) => name)], 'far');
  return halves;
}

/** The cable between the switches is pulled until both halves have a holder, and plugged in again. */
async function split(stage: Stage, { near, far }: Halves): Promise<Outcome> {
  const { lab } = stage;
  const fresh = await stage.fresh();
  const { address, holder } = fresh;
  await using farCapture = await startCapture(lab.run, { interface: SWITCHES.far });
  const farProbe = await lab.probe({ from: NAMESPACES.remote, address, port: RESPONDER_PORT });
  await using watch = await Watch.start(lab, { address });
  await setTrunk(lab.run, 'down');
  const apart = now();
  // What they have is seen by nobody here.
  for (const node of far) watch.leaves(node);
  const bereft = near.includes(holder) ? far : near;
  const heardThere = bereft === far ? farCapture.events : watch.frames;
  const taken = await heardThere.waitFor((event) => event.at >= apart && isOneOf(bereft, claimant(event, address)));
  await pass(APART_MS);
  for (const node of far) watch.returns(node);
  const healed = now();
  await setTrunk(lab.run, 'up');
  await watch.untilOneHolder();
  await pass(AFTERMATH_MS);
  const farReport = await farProbe.stop();
  const seen = await watch.end();
  await stage.drop(fresh);
  const successor = bereft.find(({ mac }) => mac === claimant(taken, address));
  const holders = [holder, ...(successor === undefined ? [] : [successor])];
  const met = firstMeeting(
    { address, since: healed, holders },
    { near, far, nearFrames: watch.frames, farFrames: farCapture.events },
  );
  const servedApart = { from: apart, to: healed };
  const both = {
    ...seen,
    lost: seen.lost + farReport.lost,
    gapMs: Math.max(seen.gapMs, longestSilenceMs(farReport)),
    probeLateMs: Math.max(seen.probeLateMs, farReport.maxSendLateMs),
  };
  return outcomeOf(both, {
    settled: met === undefined ? undefined : settledMs(seen.times, met),
    faults: [
      ...(met === undefined ? ['no holder heard the other one'] : []),
      ...crossed('the client', near, seen.report, servedApart),
      ...crossed('the client behind the ToR', far, farReport, servedApart),
      ...(farReport.packets.at(-1)?.answered === null ? ['the last probe by way of the ToR was not answered'] : []),
      ...oneAnswersLast(seen.report, farReport),
    ],
  });
}

/** Which frames of which half. */
interface Wires extends Halves {
  readonly nearFrames: EventLog<LanEvent>;
  readonly farFrames: EventLog<LanEvent>;
}

/** When one of the holders first heard the other one say that it has the address, on its own switch. */
function firstMeeting(
  {
    address,
    since,
    holders,
  }: { readonly address: string; readonly since: number; readonly holders: readonly LabNode[] },
  { near, far, nearFrames, farFrames }: Wires,
): number | undefined {
  const meetings = [
    { frames: nearFrames, others: holders.filter((node) => far.includes(node)), here: near },
    { frames: farFrames, others: holders.filter((node) => near.includes(node)), here: far },
  ].flatMap(({ frames, others, here }) => {
    const frame = frames.all.find(
      (event) =>
        event.at >= since &&
        isOneOf(others, claimant(event, address)) &&
        (isToMany(event.destinationMac) || isOneOf(here, event.destinationMac)),
    );
    return frame === undefined ? [] : [frame.at];
  });
  return meetings.length === 0 ? undefined : Math.min(...meetings);
}

function isOneOf(nodes: readonly LabNode[], mac: string | undefined): boolean {
  return nodes.some((node) => node.mac === mac);
}

/** Broadcast and multicast: the lowest bit of the first byte (IEEE 802.3 3.2.3). */
function isToMany(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
}

/** While the LAN was split, nobody but this half could answer. */
function crossed(
  who: string,
  half: readonly LabNode[],
  report: ProbeReport,
  { from, to }: { readonly from: number; readonly to: number },
): string[] {
  const names = new Set(half.map(({ name }) => name));
  const answers = report.packets.filter(({ sent, answered }) => sent >= from && answered !== null && answered < to);
  const wrong = new Set(answers.map(({ node }) => node).filter((node) => !names.has(node)));
  return [
    ...[...wrong].map((node) => `${node} answered ${who} from the other half`),
    ...(answers.some(({ node }) => names.has(node)) ? [] : [`${who} had no answer while the LAN was split`]),
  ];
}

function oneAnswersLast(...reports: readonly ProbeReport[]): string[] {
  const last = reports.map(({ turns }) => turns.at(-1)?.node ?? 'nobody');
  return new Set(last).size === 1 ? [] : [`${last.join(' and ')} answered last`];
}

/** Two LANs for a while, each with nodes, clients and a way to tell that it lives. */
export const SPLIT = arranged({
  name: 'lan-split',
  what: 'the cable between two switches, with two nodes and a client each, is pulled until both halves have a holder, and plugged in again; the gap is that of the half without the holder; IPv4 and IPv6 in turns',
  promised: { gapMs: 1000, settledMs: 100 },
  stage: { lab: { nodes: 4 } },
  arrange: twoSwitches,
  once: split,
});
