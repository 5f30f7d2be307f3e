import { ALLOCATOR_ANNOTATIONS, ADDRESSES_ALLOCATED } from '@fairlead/api';
import type { Lab } from '../lab/index.ts';

/** What a Service is to look like after the allocator had it. */
export interface AllocatedService {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly group?: string;
  readonly externalTrafficPolicy?: 'Cluster' | 'Local';
}

const SERVICES = '/api/v1/namespaces/default/services';

/** Makes a Service and writes what the allocator writes, in one request as it does: these tests are the agent's alone. */
export async function createAllocated(lab: Lab, service: AllocatedService): Promise<void> {
  const { name, externalTrafficPolicy = 'Cluster' } = service;
  await lab.api.create(SERVICES, {
    metadata: { name },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: 'fairlead.dev/fairlead',
      ipFamilyPolicy: 'PreferDualStack',
      externalTrafficPolicy,
      ports: [{ port: 80 }],
    },
  });
  await allocate(lab, service);
}

/** Gives a Service that is there these addresses. */
export async function allocate(lab: Lab, { name, addresses, group }: AllocatedService): Promise<void> {
  await lab.api.patch(`${SERVICES}/${name}/status`, {
    metadata: { annotations: { [ALLOCATOR_ANNOTATIONS.allocatedFrom]: group ?? null } },
    status: {
      loadBalancer: { ingress: addresses.map((ip) => ({ ip, ipMode: 'VIP' })) },
      conditions: [
        {
          type: ADDRESSES_ALLOCATED,
          status: 'True',
          reason: 'Allocated',
          message: '',
          lastTransitionTime: new Date().toISOString(),
        },
      ],
    },
  });
}

export async function deleteService(lab: Lab, name: string): Promise<void> {
  await lab.api.delete(`${SERVICES}/${name}`);
}

/** A ServiceGroup in YAML: pools as `RANGE` or `RANGE AGGREGATION`. */
export function serviceGroup(name: string, pools: readonly string[], announce = ''): string {
  const lines = pools.map((pool) => {
    const [range = '', aggregation] = pool.split(' ');
    return `    - {range: "${range}"${aggregation === undefined ? '' : `, aggregation: "${aggregation}"`}}`;
  });
  return `
apiVersion: fairlead.dev/v1
kind: ServiceGroup
metadata: {name: ${name}}
spec:
  pools:
${lines.join('\n')}
${announce === '' ? '' : `  announce: ${announce}`}
`;
}
