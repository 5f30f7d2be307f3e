import { setTimeout as pass } from 'node:timers/promises';
import { NAMESPACES } from '@fairlead/e2e/lab';
import type { Deployment, Lab, LabNode } from '@fairlead/e2e/lab';
import { service, VIRTUAL_GROUP } from '../scene/manifests.ts';
import { createService, untilAddresses, urlOf } from '../scene/observe.ts';
import type { Outcome, Scenario } from './scenario.ts';
import { RoutedStage, WITH_BFD } from './routed-stage.ts';
import { routedOutcome, RoutedWatch, stopwatch } from './routed-watch.ts';

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
  await Promise.all(addresses.map(async (address) => lab.httpUntilOk(NAMESPACES.remote, urlOf(address))));
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

/** A Pod comes on the third node, then the oldest one ends as Pods do: the ToR's routes follow each step. */
async function endpointsMove(stage: RoutedStage, { deployment, addresses }: Near): Promise<Outcome> {
  const { lab, nextHops } = stage;
  await using watch = await RoutedWatch.start(stage, { addresses, port: 80, forwarders: masquerades(lab) });
  await deployment.scale(REPLICAS + 1);
  await nextHops.untilAll(addresses, nodesOf(lab, deployment));
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
  const seen = await watch.end();
  const strangers = seen.reports.flatMap(({ nodes }) =>
    Object.keys(nodes).filter((name) => name.includes(' in its own')),
  );
  return routedOutcome(seen, {
    routesMs: since(left),
    faults: [...new Set(strangers)].map((stranger) => `a backend saw ${stranger}`),
  });
}

/** The routes go where the Pods are. */
export const ROUTED_ENDPOINTS: Scenario = {
  name: 'routed-endpoints-move',
  subject: 'virtual',
  what: '`externalTrafficPolicy: Local` with Pods on two of three nodes: one comes on the third, then the oldest ends as Pods do; the routes follow exactly, and each backend sees the address of the client',
  promised: { lost: 0 },
  prepare: async ({ progress }) => {
    const stage = await RoutedStage.start({ setting: WITH_BFD, progress });
    try {
      const near = await arrange(stage);
      return {
        repeat: async () => endpointsMove(stage, near),
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
