export * from './address.ts';
export * from './crds.ts';
export * from './defaults.ts';
export * from './duration.ts';
export * from './names.ts';
export * from './object-names.ts';
export * from './range.ts';
export { referencePages } from './reference/pages.ts';
export type { ReferencePage } from './reference/pages.ts';
export * from './refusals.ts';
export * from './quote.ts';
export * from './selector.ts';
export type { LAN, LANSpec } from './resources/lan.ts';
export type {
  LBNodeAgent,
  LBNodeAgentManifest,
  LBNodeAgentSpec,
  LBNodeAgentStatus,
} from './resources/lb-node-agent.ts';
export { LOCAL_ADDRESSES_LISTED, NODE_STATUS_LIMITS } from './resources/lb-node-status.ts';
export type {
  Fitness,
  LBNodeStatus,
  LBNodeStatusStatus,
  LocalAddress,
  NodeInterface,
  NodeRouterStatus,
  RouterSession,
} from './resources/lb-node-status.ts';
export type { ObjectMeta, Resource } from './resources/resource.ts';
export type { BGPNeighbor, RouterBGP } from './resources/router-bgp.ts';
export type { BFDSettings } from './resources/router-common.ts';
export type { OSPFArea, OSPFInterface, RouterOSPF } from './resources/router-ospf.ts';
export type { RIPInterface, RouterRIP } from './resources/router-rip.ts';
export type { Router, RouterManifest, RouterSpec, RouterStatus } from './resources/router.ts';
export type {
  Announce,
  Assign,
  GroupBGP,
  NetBoxSource,
  Pool,
  ServiceGroup,
  ServiceGroupManifest,
  ServiceGroupSpec,
  ServiceGroupStatus,
} from './resources/service-group.ts';
export * from './validation/lb-node-agent.ts';
export type { Problem } from './validation/problem.ts';
export * from './validation/router.ts';
export * from './validation/service-group.ts';
export type { Condition } from './schema/common.ts';
export type { CustomResourceDefinition } from './schema/definition.ts';
