import { addressBits, parseAddress } from '@fairlead/api';
import type { LabNode } from '@fairlead/e2e/lab';
import type { Outcome } from './scenario.ts';
import { routed, type RoutedStage } from './routed-stage.ts';
import { routedOutcome, RoutedWatch, stopwatch } from './routed-watch.ts';

/** What others take is put back at once five times a minute on a node; three nodes have their turns. */
const EVERY_MS = 4500;

/** Somebody takes the addresses off kube-lb0; the routes stay, so the ToR goes on sending. */
async function addressesRemoved(stage: RoutedStage): Promise<Outcome> {
  const { nextNode: node, addresses } = stage;
  await using watch = await RoutedWatch.start(stage);
  const from = watch.kernel(node).length;
  for (const address of addresses) await removeAddress(node, address);
  await untilBack(watch, node, { addresses, from });
  return routedOutcome(await watch.end(), { faults: [] });
}

/** Somebody deletes kube-lb0 with all that is on it. */
async function interfaceRemoved(stage: RoutedStage): Promise<Outcome> {
  const { nextNode: node, addresses, lab, nextHops } = stage;
  await using watch = await RoutedWatch.start(stage);
  const from = watch.kernel(node).length;
  const { since } = stopwatch();
  await node.exec(['ip', 'link', 'delete', 'kube-lb0']);
  await untilBack(watch, node, { addresses, from });
  const back = await nextHops.untilAll(addresses, lab.nodes);
  return routedOutcome(await watch.end(), { routesMs: since(back), faults: [] });
}

async function removeAddress(node: LabNode, address: string): Promise<void> {
  const length = addressBits(parseAddress(address).family);
  await node.exec(['ip', 'address', 'delete', `${address}/${length}`, 'dev', 'kube-lb0']);
}

async function untilBack(
  watch: RoutedWatch,
  node: LabNode,
  { addresses, from }: { readonly addresses: readonly string[]; readonly from: number },
): Promise<void> {
  for (const address of addresses) {
    await watch
      .kernel(node)
      .waitFor((event) => event.type === 'address' && !event.deleted && event.address === address, { from });
  }
}

/** What people do on nodes. */
export const ROUTED_REMOVED = [
  routed({
    name: 'routed-address-removed',
    what: 'somebody deletes both addresses from `kube-lb0` of a node (`ip address delete`)',
    promised: { gapMs: 1000 },
    everyMs: EVERY_MS,
    once: addressesRemoved,
  }),
  routed({
    name: 'routed-interface-removed',
    what: 'somebody deletes `kube-lb0` of a node (`ip link delete`)',
    promised: { gapMs: 1000, routesMs: 1000 },
    everyMs: EVERY_MS,
    once: interfaceRemoved,
  }),
];
