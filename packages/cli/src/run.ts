import { LEASES as LEASE_NAMES } from '@fairlead/api';
import { LEASES, SERVICES, isForbidden, isNotFound } from '@fairlead/kube';
import type { KubeClient, Lease } from '@fairlead/kube';
import type { Command } from './arguments.ts';
import { holdersByAddress, isOurs, viewOf } from './service-view.ts';
import { formatServices } from './services.ts';
import { explain } from './why.ts';

type ServicesCommand = Extract<Command, { readonly name: 'services' }>;
type WhyCommand = Extract<Command, { readonly name: 'why' }>;
/** Commands that ask a cluster. */
export type ClusterCommand = ServicesCommand | WhyCommand;

export interface RunOptions {
  readonly client: Pick<KubeClient, 'get' | 'list'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** Leases tell where local addresses are; who may not read them still sees the rest. */
async function readLeases(namespace: string, { client, signal }: RunOptions): Promise<readonly Lease[]> {
  try {
    return (await client.list(LEASES, { namespace, signal })).items;
  } catch (error) {
    if (isForbidden(error) || isNotFound(error)) {
      return [];
    }
    throw error;
  }
}

async function services({ namespace, releaseNamespace }: ServicesCommand, options: RunOptions): Promise<string> {
  const { client, signal } = options;
  const [{ items }, leases] = await Promise.all([
    client.list(SERVICES, {
      fieldSelector: 'spec.type=LoadBalancer',
      signal,
      ...(namespace === undefined ? {} : { namespace }),
    }),
    readLeases(releaseNamespace, options),
  ]);
  const holders = holdersByAddress(leases);
  return formatServices(items.filter((service) => isOurs(service)).map((service) => viewOf(service, holders)));
}

async function why({ namespace, service: name, releaseNamespace }: WhyCommand, options: RunOptions): Promise<string> {
  const { client, signal, now } = options;
  const [service, leases] = await Promise.all([
    client.get(SERVICES, { namespace, name }, { signal }),
    readLeases(releaseNamespace, options),
  ]);
  const allocator = leases.find(({ metadata }) => metadata?.name === LEASE_NAMES.allocator);
  return explain({ service, holders: holdersByAddress(leases), allocator, now: now() });
}

/**
 * Runs a command.
 * @returns what to print
 * @throws what the client throws: an `ApiError`, a `NetworkError`, a `KubeConfigError`
 */
export async function run(command: ClusterCommand, options: RunOptions): Promise<string> {
  return command.name === 'services' ? await services(command, options) : await why(command, options);
}
