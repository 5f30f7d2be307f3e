import { setTimeout as pass } from 'node:timers/promises';
import type { ServiceGroupManifest } from '@fairlead/api';
import { claimant, NAMESPACES, now, RESPONDER_PORT, startCapture, startIpMonitor } from '@fairlead/e2e/lab';
import type { IpMonitor, KubernetesObject, Lab, LabNode } from '@fairlead/e2e/lab';
import { addressesOn } from '../scene/observe.ts';
import { applyAll } from '../scene/scene.ts';
import { addressOf, BATCH_RANGE, makeBatch, removeBatch, sampleService, type Batch } from './batch.ts';
import { holdingTimes, overlapMs } from './holding-times.ts';
import { startManyProbe, type ManyProbeReport } from './many-probe.ts';
import type { Bounds, Outcome, Preparation, Scenario } from './scenario.ts';
import { longestSilenceMs } from './silence.ts';
import { Stage } from './stage.ts';

const GROUP = 'batches';
const NODES = 3;
/** The node that gets all addresses where they are to be on one. */
const ALONE = 1;
/** So that the probe knows all its neighbours, and loses nothing before anything is done. */
const QUIET_MS = 500;
const TIMEOUT_MS = 30_000;
/** With hashes for ranks, each of two survivors has half of the addresses; less than this is no spreading. */
const LEAST_SHARE = 0.25;

interface Many {
  readonly name: string;
  readonly what: string;
  readonly others?: string;
  readonly promised: Bounds;
  readonly addresses: number;
  /** Whether all of them are on one node. */
  readonly onOneNode: boolean;
  /** How often the probe asks each address of the node that dies. */
  readonly intervalMs: number;
}

/** Which node has which of the addresses of a batch. */
type Holdings = ReadonlyMap<LabNode, readonly string[]>;

function manyAddresses(many: Many): Scenario {
  const { name, what, others, promised } = many;
  return {
    name,
    what,
    ...(others !== undefined && { others }),
    promised,
    prepare: async ({ progress }): Promise<Preparation> => {
      // Changes of thousands of Services: kube-proxy as it is by default.
      const stage = await Stage.start({ lab: { nodes: NODES, kubeProxySyncPeriod: '1s' }, progress });
      const { lab } = stage;
      try {
        await applyAll(lab, [group()]);
        const sample = await sampleService(lab, GROUP);
        let batches = 0;
        return {
          repeat: async () => once(stage, { many, sample, number: batches++ }),
          fail: () => lab.fail(),
          [Symbol.asyncDispose]: async () => stage[Symbol.asyncDispose](),
        };
      } catch (error) {
        lab.fail();
        await lab.close();
        throw error;
      }
    },
  };
}

/** The group of all batches, whose addresses all nodes may have, or one alone. */
function group(alone?: LabNode): ServiceGroupManifest {
  return {
    apiVersion: 'fairlead.dev/v1',
    kind: 'ServiceGroup',
    metadata: { name: GROUP },
    spec: {
      pools: [{ range: BATCH_RANGE, subnet: '172.20.0.0/16' }],
      announce: alone === undefined ? {} : { nodeSelector: { matchLabels: { 'kubernetes.io/hostname': alone.name } } },
    },
  };
}

/**
 * Makes a batch. Where one node is to have all of it, the others may not have it until it does: a node that is preferred
 * would share so many with those that do not hear it ask in time.
 */
async function place(
  lab: Lab,
  { many, sample, number }: { readonly many: Many; readonly sample: KubernetesObject; readonly number: number },
): Promise<Batch> {
  const wish = { sample, number, count: many.addresses };
  if (!many.onOneNode) return makeBatch(lab, wish);
  await applyAll(lab, [group(lab.node(ALONE))]);
  const batch = await makeBatch(lab, wish);
  await applyAll(lab, [group()]);
  return batch;
}

/** The node with the most addresses of a new batch dies; the others take them. */
async function once(
  stage: Stage,
  options: { readonly many: Many; readonly sample: KubernetesObject; readonly number: number },
): Promise<Outcome> {
  const { lab } = stage;
  const { many } = options;
  const batch = await place(lab, options);
  const before = await holdingsOf(lab, batch);
  const [[victim, lost] = []] = [...before].sort(([, a], [, b]) => b.length - a.length);
  if (victim === undefined || lost === undefined) throw new Error('no node has any address');
  const survivors = lab.nodes.filter((node) => node !== victim);
  await using witnesses = new AsyncDisposableStack();
  const capture = witnesses.use(await startCapture(lab.run));
  const kernels = new Map<LabNode, IpMonitor>();
  for (const node of survivors) kernels.set(node, witnesses.use(await startIpMonitor(lab.run, node.namespace)));
  const probe = witnesses.use(
    await startManyProbe(lab.run, {
      from: NAMESPACES.client,
      addresses: lost,
      port: RESPONDER_PORT,
      intervalMs: many.intervalMs,
    }),
  );
  await pass(QUIET_MS);
  const died = now();
  await lab.killNode(victim);
  const missing = new Set(lost);
  await capture.events.waitFor(
    (event) => {
      const address = addressOf(event);
      if (event.at > died && claimant(event, address) !== victim.mac) missing.delete(address);
      return missing.size === 0;
    },
    { timeoutMs: TIMEOUT_MS },
  );
  await pass(QUIET_MS);
  const report = await probe.stop();
  const ended = now();
  const after = await holdingsOf(lab, batch, survivors);
  const outcome = judge({ many, before, after, lost, victim, survivors, kernels, died, ended, report });
  // The client's neighbours would be thousands in the end, and the kernel has room for a thousand in all.
  await lab.run.exec(['ip', 'neigh', 'flush', 'dev', 'eth0'], { namespace: NAMESPACES.client });
  await Promise.all([removeBatch(lab, batch), stage.revive(victim)]);
  return outcome;
}

async function holdingsOf(lab: Lab, batch: Batch, nodes: readonly LabNode[] = lab.nodes): Promise<Holdings> {
  const all = new Set(batch.addresses);
  return new Map(
    await Promise.all(
      nodes.map(async (node) => {
        const seen = await addressesOn(node, 'eth0');
        return [node, seen.map(({ local }) => local).filter((address) => all.has(address))] as const;
      }),
    ),
  );
}

function judge(what: {
  readonly many: Many;
  readonly before: Holdings;
  readonly after: Holdings;
  readonly lost: readonly string[];
  readonly victim: LabNode;
  readonly survivors: readonly LabNode[];
  readonly kernels: ReadonlyMap<LabNode, IpMonitor>;
  readonly died: number;
  readonly ended: number;
  readonly report: ManyProbeReport;
}): Outcome {
  const { many, before, after, lost, victim, survivors, kernels, died, ended, report } = what;
  const reports = [...report.byAddress];
  const silent = reports.filter(([, { packets }]) => packets.at(-1)?.answered === null).map(([address]) => address);
  const moved = survivors.flatMap((node) => {
    const has = new Set(after.get(node));
    return (before.get(node) ?? [])
      .filter((address) => !has.has(address))
      .map((address) => `${address} of ${node.name}`);
  });
  const shares = survivors.map((node) => {
    const taken = (after.get(node) ?? []).filter((address) => lost.includes(address));
    return { node: node.name, count: taken.length };
  });
  const poor = shares.filter(({ count }) => count < lost.length * LEAST_SHARE);
  const kernelOverlaps = lost.map((address) =>
    overlapMs(
      [...kernels].flatMap(([{ name: node }, { events }]) =>
        holdingTimes({ node, address, has: false, from: died, to: ended, events: events.all, absences: [] }),
      ),
    ),
  );
  return {
    lost: reports.reduce((sum, [, each]) => sum + each.lost, 0),
    gapMs: Math.max(...reports.map(([, each]) => longestSilenceMs(each))),
    overlapMs: Math.max(...reports.map(([, { overlapMs: ms }]) => ms), ...kernelOverlaps),
    probeLateMs: report.maxSendLateMs,
    faults: [
      ...(many.onOneNode && lost.length !== many.addresses
        ? [`${victim.name} has ${lost.length} of ${many.addresses} addresses, and was alone`]
        : []),
      ...(silent.length > 0 ? [`${silent.length} addresses did not answer at the end: ${silent[0]}, …`] : []),
      ...(moved.length > 0 ? [`${moved.length} addresses of others moved: ${moved[0]}, …`] : []),
      ...(report.duplicates > 0 ? [`${report.duplicates} probes were answered twice`] : []),
      ...poor.map(({ node, count }) => `${node} has taken only ${count} of ${lost.length}`),
    ],
  };
}

/** One of three nodes dies, and has many addresses. */
export const MANY_ADDRESSES = [
  manyAddresses({
    name: 'node-death-300-addresses',
    what: 'of three nodes with 300 addresses the one with most of them dies; gap: until the last of its hundred answers again (each is asked every 25 ms)',
    others: 'MetalLB 0.16.1: 5.4 s; PureLB 0.14.1: 104 s; PureLB 0.16.6: 28 s (93 of 300 addresses)',
    promised: { gapMs: 1500, overlapMs: 0 },
    addresses: 300,
    onOneNode: false,
    intervalMs: 25,
  }),
  manyAddresses({
    name: 'node-death-500-addresses',
    what: 'a node with 500 addresses dies; gap: until the last of them answers again (each is asked every 100 ms); an interface broadcasts 500 frames a second at most',
    promised: {},
    addresses: 500,
    onOneNode: true,
    intervalMs: 100,
  }),
];
