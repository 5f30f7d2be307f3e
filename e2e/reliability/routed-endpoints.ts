import { setTimeout as pass } from 'node:timers/promises';
import type { Deployment, Lab, LabNode } from '@fairlead/e2e/lab';
import { service, VIRTUAL_GROUP } from '../scene/manifests.ts';
import { createService, untilAddresses, urlOf } from '../scene/observe.ts';
import type { Bounds, Outcome, Scenario } from './scenario.ts';
import { RoutedStage, WITH_BFD } from './routed-stage.ts';
import { routedOutcome, RoutedWatch, stopwatch, type RoutedSeen } from './routed-watch.ts';

const APP = 'near';
/** A Pod that is to end goes on serving for so long at the most: what its kubelet waits for. */
const GRACE_S = 30;
/** How long the Pod serves on when its traffic goes elsewhere: what `preStop` hooks are there for. */
const SERVES_ON_MS = 500;
/** Of three nodes two have an endpoint, but for the moment in which they move. */
const REPLICAS = 2;

/** A Service with `externalTrafficPolicy: Local` and its endpoints. */
interface Near {
  readonly deployment: Deployment;
  readonly addresses: readonly string[];
}

async function arrange({ lab, nextHops }: RoutedStage): Promise<Near> {
  const deployment = await lab.deployment({ name: APP, replicas: REPLICAS });
  await createService(
    lab,
    service({ name: APP, group: VIRTUAL_GROUP, families: 'dual', app: APP, externalTrafficPolicy: 'Local' }),
  );
  const addresses = await untilAddresses(lab, APP, 2);
  await nextHops.untilAll(addresses, nodesOf(lab, deployment));
  await untilServed(lab, { deployment, addresses });
  return { deployment, addresses };
}

function nodesOf(lab: Lab, { replicas }: Deployment): readonly LabNode[] {
  return replicas.map(({ node }) => lab.node(node.name));
}

/** A backend that sees one of these as its client's address would see the node, and not the client. */
function masquerades(lab: Lab): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(lab.forwarders).map(([source, node]) => [source, `${node} in its own name (${source})`]),
  );
}

/** A Pod comes on the node that has none: its route comes, and with it the first packets. */
async function comes(stage: RoutedStage, { deployment, addresses }: Near): Promise<Outcome> {
  const { lab, nextHops } = stage;
  await using watch = await near(stage, addresses);
  const { since } = stopwatch();
  await deployment.scale(REPLICAS + 1);
  const came = await nextHops.untilAll(addresses, nodesOf(lab, deployment));
  const outcome = judge(await watch.end(), since(came));
  const [oldest] = deployment.replicas;
  await deployment.remove(oldest?.name ?? '');
  await nextHops.untilAll(addresses, nodesOf(lab, deployment));
  return outcome;
}

/** Of three Pods the oldest ends as Pods do: it is told to, serves on for a while, and is gone. */
async function leaves(stage: RoutedStage, { deployment, addresses }: Near): Promise<Outcome> {
  const { lab, nextHops } = stage;
  await deployment.scale(REPLICAS + 1);
  await nextHops.untilAll(addresses, nodesOf(lab, deployment));
  // kube-proxies need a moment for a new endpoint: that is not what is measured here.
  await untilServed(lab, { deployment, addresses });
  await using watch = await near(stage, addresses);
  const [leaving, ...staying] = deployment.replicas;
  if (leaving === undefined) throw new Error('there is no endpoint to leave');
  const { since } = stopwatch();
  await lab.api.delete(`/api/v1/namespaces/default/pods/${leaving.name}`, { gracePeriodSeconds: GRACE_S });
  const left = await nextHops.untilAll(
    addresses,
    staying.map(({ node }) => lab.node(node.name)),
  );
  await pass(SERVES_ON_MS);
  await deployment.remove(leaving.name);
  return judge(await watch.end(), since(left));
}

async function near(stage: RoutedStage, addresses: readonly string[]): Promise<RoutedWatch> {
  return RoutedWatch.start(stage, { addresses, port: 80, forwarders: masquerades(stage.lab) });
}

async function untilServed(lab: Lab, { deployment, addresses }: Near): Promise<void> {
  const urls = addresses.map((address) => urlOf(address));
  await Promise.all(
    nodesOf(lab, deployment).flatMap((node) => urls.map(async (url) => lab.httpUntilOk(node.namespace, url))),
  );
}

function judge(seen: RoutedSeen, routesMs: number): Outcome {
  const names = seen.reports.flatMap(({ nodes }) => Object.keys(nodes));
  const strangers = new Set(names.filter((name) => name.includes(' in its own')));
  return routedOutcome(seen, { routesMs, faults: [...strangers].map((stranger) => `a backend saw ${stranger}`) });
}

function endpoints(options: {
  readonly name: string;
  readonly what: string;
  readonly promised: Bounds;
  readonly once: (stage: RoutedStage, arrangement: Near) => Promise<Outcome>;
}): Scenario {
  const { name, what, promised, once } = options;
  return {
    name,
    subject: 'virtual',
    what,
    promised,
    prepare: async ({ progress }) => {
      const stage = await RoutedStage.start({ setting: WITH_BFD, progress });
      try {
        const arrangement = await arrange(stage);
        return {
          repeat: async () => once(stage, arrangement),
          fail: () => stage.lab.fail(),
          [Symbol.asyncDispose]: async () => stage[Symbol.asyncDispose](),
        };
      } catch (error) {
        stage.lab.fail();
        await stage[Symbol.asyncDispose]();
        throw error;
      }
    },
  };
}

/** The routes go where the Pods are, and each backend sees the address of the client. */
export const ROUTED_ENDPOINTS = [
  endpoints({
    name: 'routed-endpoint-leaves',
    what: '`externalTrafficPolicy: Local` with Pods on three nodes: one of them ends as Pods do, and its node is led to no more',
    promised: { lost: 0 },
    once: leaves,
  }),
  endpoints({
    name: 'routed-endpoint-comes',
    what: 'the same with Pods on two nodes, and one comes on the third: its route may be there before kube-proxy knows of it (a sync every 10 ms here)',
    promised: {},
    once: comes,
  }),
];
