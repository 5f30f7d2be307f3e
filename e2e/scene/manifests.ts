import type { IPFamily, LBNodeAgentManifest, RouterManifest, ServiceGroupManifest } from '@fairlead/api';

/** Group whose addresses lie on the nodes' own LAN: one node holds each. */
export const LOCAL_GROUP = 'lan';
/** Group whose addresses lie nowhere: every node has them, and the ToR learns routes. */
export const VIRTUAL_GROUP = 'routed';

/** The two groups, each with a pool of both families. */
export type GroupName = typeof LOCAL_GROUP | typeof VIRTUAL_GROUP;

const API_VERSION = 'fairlead.dev/v1';

/** ServiceGroups with room for thousands of Services. The local ranges lie in the lab's LAN, off its stations. */
export const SERVICE_GROUPS: readonly ServiceGroupManifest[] = [
  {
    apiVersion: API_VERSION,
    kind: 'ServiceGroup',
    metadata: { name: LOCAL_GROUP },
    spec: {
      pools: [
        { range: '172.20.64.0/18', subnet: '172.20.0.0/16' },
        { range: 'fd00:20::64:0/112', subnet: 'fd00:20::/64' },
      ],
    },
  },
  {
    apiVersion: API_VERSION,
    kind: 'ServiceGroup',
    metadata: { name: VIRTUAL_GROUP },
    spec: { pools: [{ range: '10.99.0.0/16' }, { range: 'fd00:99::/112' }] },
  },
];

/** Every node speaks BGP with the lab's ToR over one session with BFD, both families. */
export const ROUTER: RouterManifest = {
  apiVersion: API_VERSION,
  kind: 'Router',
  metadata: { name: 'tor' },
  spec: {
    asn: 64512,
    bgp: {
      neighbors: [
        { name: 'tor', address: '172.20.0.1', asn: 64500, bfd: { interval: '100ms', multiplier: 3 }, holdTime: '9s' },
      ],
    },
  },
};

/** Settings of all agents; an empty one has the defaults. */
export function nodeAgents(spec: LBNodeAgentManifest['spec']): LBNodeAgentManifest {
  return { apiVersion: API_VERSION, kind: 'LBNodeAgent', metadata: { name: 'all' }, spec };
}

/** What kind of addresses a Service of the scene asks for. */
export type Families = IPFamily | 'dual';

/** A Service as a test wants it. */
export interface ServiceWish {
  readonly name: string;
  /** One of {@link SERVICE_GROUPS}, or another that the test has made. */
  readonly group: string;
  readonly families: Families;
  /** Label `app` of its Pods. */
  readonly app: string;
  readonly externalTrafficPolicy?: 'Cluster' | 'Local';
  /** The addresses it asks for, as in the annotation. */
  readonly addresses?: string;
}

/** The Service's manifest: port 80, TCP and UDP, to the backends' 8080. */
export function service(wish: ServiceWish): object {
  const { name, group, families, app, externalTrafficPolicy = 'Cluster', addresses } = wish;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      annotations: {
        'fairlead.dev/service-group': group,
        ...(addresses === undefined ? {} : { 'fairlead.dev/addresses': addresses }),
      },
    },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: 'fairlead.dev/fairlead',
      selector: { app },
      externalTrafficPolicy,
      ipFamilies: families === 'dual' ? ['IPv4', 'IPv6'] : [families],
      ipFamilyPolicy: families === 'dual' ? 'RequireDualStack' : 'SingleStack',
      ports: [
        { name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' },
        { name: 'echo', port: 80, targetPort: 8080, protocol: 'UDP' },
      ],
    },
  };
}
