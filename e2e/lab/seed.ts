import { randomUUID } from 'node:crypto';
import type { KubernetesObject, ServiceObject } from './api.ts';
import { SERVICE_CIDRS, type ControlPlane } from './control-plane.ts';
import { writeTransactions, type EtcdEntry } from './etcd.ts';

const IP_ADDRESSES = '/apis/networking.k8s.io/v1/ipaddresses';

/** What {@link seedServices} makes. */
export interface SeedOptions {
  /** A Service as it comes from the API server: status, annotations and managed fields of the copies are its own. */
  readonly sample: KubernetesObject;
  /** How many copies. */
  readonly count: number;
  /** Name of each copy, by its index from 0. */
  readonly name: (index: number) => string;
  /**
   * Addresses of each copy in place of the sample's, in that order, in whatever text of it they stand (`status`, messages);
   * default: the sample's own.
   */
  readonly addresses?: (index: number) => readonly string[];
}

/** A Service as stored, as far as its copies differ. */
type StoredService = ServiceObject & { readonly spec?: { readonly clusterIPs?: readonly string[] } };

/**
 * Makes many Services at once by writing them into etcd: 10,000 in five seconds, where the API server, whose ClusterIP
 * allocator looks at all addresses for each, takes over a minute. They are copies of a Service that the API server made,
 * each with a uid and a ClusterIP of its own and the IPAddress object that belongs to it, so that nothing tells them from
 * others. The API server's watches have them when this returns, or soon after; no restart is needed. Its repair of
 * ClusterIPs may see some Services before their IPAddress and say so in events; it changes nothing.
 * @returns their names
 * @throws {Error} for a sample that is not IPv4 single-stack, or when the Service range has not enough addresses left
 */
export async function seedServices(plane: ControlPlane, options: SeedOptions): Promise<readonly string[]> {
  const { sample, count, name, addresses = () => [] } = options;
  const clusterIPs = await freeClusterIPs(plane, sample, count);
  const copies = clusterIPs.map((clusterIP, index) => ({ name: name(index), clusterIP, addresses: addresses(index) }));
  const namespace = sample.metadata.namespace ?? 'default';
  // The address comes with its Service, or before it: a ClusterIP that nobody has noted down is something to repair.
  await writeTransactions(
    plane.etcdSocket,
    copies.map((copy) => [ipAddressEntry(namespace, copy), serviceEntry(namespace, sample, copy)]),
  );
  return copies.map((copy) => copy.name);
}

interface Copy {
  readonly name: string;
  readonly clusterIP: string;
  readonly addresses: readonly string[];
}

/** The API server reads what it stored as JSON as well as its own protobuf. */
function serviceEntry(namespace: string, sample: StoredService, copy: Copy): EtcdEntry {
  const { resourceVersion: _, ...metadata } = sample.metadata;
  const renamed = { ...sample, metadata: { ...metadata, name: copy.name, uid: randomUUID() } };
  const before = [...(sample.spec?.clusterIPs ?? []), ...ingressOf(sample)];
  const after = [copy.clusterIP, ...copy.addresses];
  const replacements = new Map(before.map((address, index) => [address, after[index] ?? address]));
  const value = JSON.stringify({ apiVersion: 'v1', kind: 'Service', ...renamed }).replaceAll(
    anyOf(before),
    (address) => replacements.get(address) ?? address,
  );
  return { key: `/registry/services/specs/${namespace}/${copy.name}`, value };
}

function ipAddressEntry(namespace: string, { name, clusterIP }: Copy): EtcdEntry {
  const value = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: {
      name: clusterIP,
      uid: randomUUID(),
      creationTimestamp: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
      // What the ClusterIP allocator writes, and looks for.
      labels: {
        'ipaddress.kubernetes.io/ip-family': 'IPv4',
        'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
      },
    },
    spec: { parentRef: { resource: 'services', namespace, name } },
  };
  return { key: `/registry/ipaddresses/${clusterIP}`, value: JSON.stringify(value) };
}

/** ClusterIPs that no Service has, from the low end of the range on: the allocator picks from the high one. */
async function freeClusterIPs(plane: ControlPlane, sample: StoredService, count: number): Promise<readonly string[]> {
  const { clusterIPs = [] } = sample.spec ?? {};
  if (clusterIPs.length !== 1 || clusterIPs[0]?.includes('.') !== true) {
    throw new Error(`only a Service with one IPv4 ClusterIP can be copied, not ${JSON.stringify(clusterIPs)}`);
  }
  const { items } = await plane.api.get<{ items: readonly KubernetesObject[] }>(IP_ADDRESSES);
  const taken = new Set(items.map(({ metadata }) => metadata.name));
  const [network = ''] = SERVICE_CIDRS.IPv4.split('.0.0/16');
  const all = Array.from({ length: 0xffff - 1 }, (_, index) => `${network}.${(index + 1) >> 8}.${(index + 1) & 0xff}`);
  const free = all.filter((address) => !taken.has(address)).slice(0, count);
  if (free.length < count) {
    throw new Error(`the Service range ${SERVICE_CIDRS.IPv4} has ${free.length} addresses left, not ${count}`);
  }
  return free;
}

function ingressOf({ status }: ServiceObject): readonly string[] {
  return (status?.loadBalancer?.ingress ?? []).map(({ ip = '' }) => ip);
}

/** Matches these addresses in a longer text, but not where they are a part of a longer address. */
function anyOf(addresses: readonly string[]): RegExp {
  return new RegExp(
    `(?<![\\w.:])(?:${addresses.map((address) => RegExp.escape(address)).join('|')})(?![\\w:]|\\.\\w)`,
    'g',
  );
}
