import { LEASES as LEASE_NAMES } from '@fairlead/api';
import { isNotFound, LEASES } from '@fairlead/kube';
import type { KubeClient } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';

/** How often an agent says that it lives; readers judge by observed change, so nothing hangs on clocks. */
export const LEASE_RENEWAL_MS = 30_000;
/** Sooner after a renewal that failed. */
const RETRY_MS = 5_000;
/** What the Lease says of itself; others take an agent for dead by their own rules. */
const LEASE_DURATION_S = 40;

export interface AgentLeaseOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly namespace: string;
  readonly node: string;
  readonly signal: AbortSignal;
  /** Waits so many ms, or until the signal aborts; never rejects. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** Renews this agent's Lease, one small request every 30 s, until the signal aborts. Never rejects. */
export async function keepAgentLease(options: AgentLeaseOptions): Promise<void> {
  const { logger, signal, wait } = options;
  let failed = false;
  while (!signal.aborted) {
    try {
      await renew(options);
      failed = false;
    } catch (error) {
      if (!failed && !signal.aborted) {
        logger.warn("The agent's Lease cannot be renewed; it is tried again", { error });
      }
      failed = true;
    }
    await wait(failed ? RETRY_MS : LEASE_RENEWAL_MS, signal);
  }
}

async function renew({ client, namespace, node, signal, clock }: AgentLeaseOptions): Promise<void> {
  const name = LEASE_NAMES.agent(node);
  // Lease times are MicroTime: six digits.
  const renewTime = new Date(clock()).toISOString().replace('Z', '000Z');
  const spec = { holderIdentity: node, leaseDurationSeconds: LEASE_DURATION_S, renewTime };
  try {
    await client.patch(LEASES, { namespace, name }, { spec }, { type: 'merge', signal });
  } catch (error) {
    if (!isNotFound(error)) {
      throw error;
    }
    await client.create(LEASES, { metadata: { name, namespace }, spec }, { signal });
  }
}

/**
 * Reads the Lease of another node's agent once.
 * @returns what changes with each renewal, empty where there is no Lease; undefined where it cannot be read
 */
export async function readAgentLease(options: {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly node: string;
  readonly signal: AbortSignal;
}): Promise<string | undefined> {
  const { client, namespace, node, signal } = options;
  try {
    const { spec } = await client.get(LEASES, { namespace, name: LEASE_NAMES.agent(node) }, { signal });
    return spec?.renewTime ?? '';
  } catch (error) {
    // Whoever asks asks again; what the API server does not say changes no verdict.
    return isNotFound(error) ? '' : undefined;
  }
}
