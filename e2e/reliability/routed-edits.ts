import type { RouterManifest } from '@fairlead/api';
import { SERVICE_GROUPS, VIRTUAL_GROUP } from '../scene/manifests.ts';
import { applyAll } from '../scene/scene.ts';
import type { Outcome } from './scenario.ts';
import { routed, routerOf, type RoutedStage } from './routed-stage.ts';
import { routedOutcome, RoutedWatch, type RoutedSeen } from './routed-watch.ts';

/** Nobody is there; that no session with it comes up must not matter to the other one. */
const SECOND_NEIGHBOR = { name: 'second', address: '172.20.0.99', asn: 64500 };
const COMMUNITY = '64512:1000';

/** A neighbor, a community and a prefix are added, and taken away again. */
async function edited(stage: RoutedStage): Promise<Outcome> {
  const { lab, setting } = stage;
  await using watch = await RoutedWatch.start(stage);
  await applyAll(lab, [withNeighbor(routerOf(setting)), groupWith([COMMUNITY])]);
  await untilEachTold(stage, watch, 0);
  const between = watch.bgp.length;
  const carried = await lab.tor.command(`show route ${stage.addresses[0]}/32 all`);
  await applyAll(lab, [routerOf(setting), groupWith([])]);
  await untilEachTold(stage, watch, between);
  await stage.untilSettled();
  const seen = await watch.end();
  const carriers = carried.split(`(${COMMUNITY.replace(':', ',')})`).length - 1;
  return routedOutcome(seen, {
    faults: [
      ...endedSessions(seen),
      ...(carriers === lab.nodes.length ? [] : [`${carriers} routes carry ${COMMUNITY}, not ${lab.nodes.length}`]),
    ],
  });
}

function withNeighbor(router: RouterManifest): RouterManifest {
  const { bgp } = router.spec;
  if (bgp === undefined) throw new Error(`Router ${router.metadata.name} has no bgp`);
  return { ...router, spec: { ...router.spec, bgp: { ...bgp, neighbors: [...bgp.neighbors, SECOND_NEIGHBOR] } } };
}

/** The group of the stage's addresses, with these communities. */
function groupWith(communities: readonly string[]): object {
  const group = SERVICE_GROUPS.find(({ metadata }) => metadata.name === VIRTUAL_GROUP);
  if (group === undefined) throw new Error(`no ServiceGroup ${VIRTUAL_GROUP}`);
  return { ...group, spec: { ...group.spec, bgp: { communities } } };
}

/** Waits until every node has told the ToR something, from position `from` of the capture on. */
async function untilEachTold({ lab }: RoutedStage, watch: RoutedWatch, from: number): Promise<void> {
  for (const { mac } of lab.nodes) {
    await watch.bgp.waitFor(({ sourceMac, type }) => sourceMac === mac && type === 'update', { from });
  }
}

function endedSessions({ told }: RoutedSeen): string[] {
  return told
    .filter(({ type }) => type === 'open' || type === 'notification')
    .map(({ node, type }) => `BGP ${type} of ${node}`);
}

/** Routers and ServiceGroups are edited while traffic flows. */
export const ROUTED_EDITS = [
  routed({
    name: 'routed-router-edited',
    what: 'a neighbor is added to the Router and a community to the ServiceGroup, and both are taken away again; no session ends',
    promised: { lost: 0 },
    once: edited,
  }),
];
