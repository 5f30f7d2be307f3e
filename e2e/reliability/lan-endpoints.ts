import { setTimeout as pass } from 'node:timers/promises';
import { NAMESPACES, now } from '@fairlead/e2e/lab';
import type { Deployment, Lab, LabNode, Replica } from '@fairlead/e2e/lab';
import { service } from '../scene/manifests.ts';
import { urlOf } from '../scene/observe.ts';
import { arranged } from './lan-arranged.ts';
import type { Outcome } from './scenario.ts';
import type { ServiceWish, Stage } from './stage.ts';
import { outcomeOf, Watch } from './watch.ts';

const APP = 'app';
/** A Pod that is to end goes on serving for so long at the most: what its kubelet waits for. */
const GRACE_S = 30;
/** How long the Pod serves on when its traffic goes elsewhere: what `preStop` hooks are there for. */
const SERVES_ON_MS = 500;

/** One replica on each of the first two nodes, whatever was there before. */
async function onePerNode(deployment: Deployment, nodes: readonly LabNode[]): Promise<void> {
  for (const node of nodes) {
    while (replicaOn(deployment, node) === undefined) await deployment.scale(deployment.replicas.length + 1);
  }
  const kept = new Set(nodes.map((node) => replicaOn(deployment, node)));
  await Promise.all(
    deployment.replicas.filter((replica) => !kept.has(replica)).map(async ({ name }) => deployment.remove(name)),
  );
}

function replicaOn(deployment: Deployment, node: LabNode): Replica | undefined {
  return deployment.replicas.find((replica) => replica.node.name === node.name);
}

function withEndpoints({ name, group, family }: ServiceWish): object {
  return service({ name, group, families: family, app: APP, externalTrafficPolicy: 'Local' });
}

/** A backend that sees one of these as its client's address would see the node, and not the client. */
function masquerades(lab: Lab): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(lab.forwarders).map(([source, node]) => [source, `${node} in its own name (${source})`]),
  );
}

/** The Pod on the holder ends as Pods do: it is told to, serves on for a while, and is gone. */
async function endpointsMove(stage: Stage, deployment: Deployment): Promise<Outcome> {
  const { lab } = stage;
  const nodes = lab.nodes.slice(0, 2);
  await onePerNode(deployment, nodes);
  const fresh = await stage.fresh({ manifest: withEndpoints });
  const { address, holder } = fresh;
  // kube-proxies need a moment for a new Service: that is not what is measured.
  await lab.httpUntilOk(NAMESPACES.client, urlOf(address));
  const leaving = replicaOn(deployment, holder);
  if (leaving === undefined) throw new Error(`${holder.name} has ${address} and no endpoint`);
  await using watch = await Watch.start(lab, { address, port: 80, forwarders: masquerades(lab) });
  const began = now();
  await lab.api.delete(`/api/v1/namespaces/default/pods/${leaving.name}`, { gracePeriodSeconds: GRACE_S });
  await watch.untilClaimed((mac) => mac !== holder.mac, began);
  const successor = await stage.untilClaimed(address, holder);
  await pass(SERVES_ON_MS);
  await deployment.remove(leaving.name);
  const seen = await watch.end();
  await stage.drop(fresh);
  const expected = [holder.name, successor.name].join(', then ');
  const answered = seen.answered.join(', then ');
  return outcomeOf(seen, {
    faults: [
      ...(nodes.includes(successor) ? [] : [`${successor.name} has ${address} and no endpoint`]),
      ...(answered === expected ? [] : [`${answered} answered for ${address}; expected: ${expected}`]),
    ],
  });
}

/** The address goes where its Pods are. */
export const ENDPOINTS_MOVE = arranged({
  name: 'endpoints-move',
  what: "`externalTrafficPolicy: Local`: the holder's only Pod ends as Pods do and another node has one; each backend sees the client's own address; IPv4 and IPv6 in turns",
  promised: { lost: 0, overlapMs: 5 },
  arrange: async ({ lab }) =>
    lab.deployment({ name: APP, replicas: 2, nodes: lab.nodes.slice(0, 2).map(({ name }) => name) }),
  once: endpointsMove,
});
