import { claimName, parseAddress } from '@fairlead/api';
import { claimant, RELEASE_NAMESPACE, seedServices, startCapture } from '@fairlead/e2e/lab';
import type { KubernetesObject, Lab, ServiceObject } from '@fairlead/e2e/lab';
import { createService, deleteService, untilAddresses } from '../scene/observe.ts';
import { serviceWithoutPods } from './stage.ts';

const SERVICES = '/api/v1/namespaces/default/services';
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${RELEASE_NAMESPACE}/leases`;
/** On the Services of a batch: which. */
const LABEL = 'batch';
/** How many requests are on their way at once. */
const AT_ONCE = 50;
const TIMEOUT_MS = 30_000;

/** Where the pool of batches is: a part of the lab's LAN that no other pool has. */
export const BATCH_RANGE = '172.20.128.0/17';
/** Addresses that are kept free for each batch, and batches until the first range is used again. */
const ROOM = 512;
const BATCHES = 60;

/** Many Services that came at the same time, each with an address of its own. */
export interface Batch {
  readonly label: string;
  readonly addresses: readonly string[];
}

/** The Service of which the Services of batches are copies: made by the API server, given its address by the allocator. */
export async function sampleService(lab: Lab, group: string): Promise<KubernetesObject> {
  await createService(lab, serviceWithoutPods({ name: 'sample', group, family: 'IPv4' }));
  await untilAddresses(lab, 'sample', 1);
  const sample = await lab.api.get<ServiceObject>(`${SERVICES}/sample`);
  await deleteService(lab, 'sample');
  return sample;
}

/** Makes the `number`-th batch (from 0 on), and waits until the LAN was told of each address and each is claimed. */
export async function makeBatch(
  lab: Lab,
  options: { readonly sample: KubernetesObject; readonly number: number; readonly count: number },
): Promise<Batch> {
  const { sample, number, count } = options;
  if (count >= ROOM) throw new RangeError(`a batch has fewer than ${ROOM} addresses, not ${count}`);
  const label = `batch-${number}`;
  const addresses = Array.from({ length: count }, (_, index) => addressAt(number, index));
  await using capture = await startCapture(lab.run);
  await seedServices(lab.controlPlane, {
    sample: { ...sample, metadata: { ...sample.metadata, labels: { [LABEL]: label } } },
    count,
    name: (index) => `${label}-${index}`,
    addresses: (index) => [addresses[index] ?? ''],
  });
  const unheard = new Set(addresses);
  await capture.events.waitFor(
    (event) => {
      const address = addressOf(event);
      if (claimant(event, address) !== undefined) unheard.delete(address);
      return unheard.size === 0;
    },
    { timeoutMs: TIMEOUT_MS },
  );
  const unclaimed = new Set(addresses.map(claimOf));
  await lab.api.until(
    LEASES,
    ({ metadata }) => {
      unclaimed.delete(metadata.name);
      return unclaimed.size === 0;
    },
    { timeoutMs: TIMEOUT_MS },
  );
  return { label, addresses };
}

/** Removes a batch, and its claims, for which the leader takes its time. */
export async function removeBatch(lab: Lab, { label, addresses }: Batch): Promise<void> {
  await lab.api.delete(`${SERVICES}?labelSelector=${LABEL}%3D${label}`);
  const claims = addresses.map(claimOf);
  for (let from = 0; from < claims.length; from += AT_ONCE) {
    await Promise.all(claims.slice(from, from + AT_ONCE).map(async (name) => lab.api.delete(`${LEASES}/${name}`)));
  }
}

/** What a frame is about: the address whose claimant is asked for. */
export function addressOf(event: Parameters<typeof claimant>[0]): string {
  switch (event.type) {
    case 'arp':
      return event.senderAddress;
    case 'solicitation':
      return event.source;
    case 'advertisement':
      return event.target;
  }
}

function addressAt(batch: number, index: number): string {
  const host = (1 + (batch % BATCHES)) * ROOM + index + 1;
  return `172.20.${128 + (host >> 8)}.${host & 0xff}`;
}

function claimOf(address: string): string {
  return claimName(parseAddress(address));
}
