/** The lab: real Kubernetes control planes, nodes, switches and routers on one machine, for tests and for looking around. */
export { ApiStatusError, LabApi, type KubernetesObject, type ServiceObject, type WatchEvent } from './api.ts';
export {
  ControlPlane,
  POD_CIDRS,
  SERVICE_CIDRS,
  startControlPlane,
  type ControlPlaneOptions,
} from './control-plane.ts';
export { seedServices, type SeedOptions } from './seed.ts';
export { LabProcess, ProcessError, type Exit } from './process.ts';
export { CommandError, Run, type SpawnOptions } from './run.ts';
export { now } from './clock.ts';
export { Deployment, type DeploymentOptions, type Replica } from './deployment.ts';
export {
  AGENT_METRICS,
  RELEASE_NAMESPACE,
  REPOSITORY,
  type AllocatorOptions,
  type ProgramOptions,
  type RouterOptions,
  type RunningAllocator,
} from './fairlead.ts';
export type { BackendAnswer } from './backend.ts';
export type { HttpAnswer } from './http.ts';
export { Lab, startLab, type LabOptions, type NodeReference } from './lab.ts';
export { LabNode, type CutOptions } from './node.ts';
export { LAN, NAMESPACES, type DualAddress, type NodePlan } from './plan.ts';
export { Tor } from './tor.ts';
export type { TorOptions, TorProtocol } from './tor-daemon.ts';
export { Frr, type FrrOptions, type FrrProgram } from './frr.ts';
export { startBgpCapture, startCapture, type Capture } from './capture.ts';
export type { BgpEvent, BgpMessageType } from './bgp-message.ts';
export { EventLog } from './event-log.ts';
export {
  startIpMonitor,
  type AddressEvent,
  type IpEvent,
  type IpMonitor,
  type LinkEvent,
  type NeighbourEvent,
  type RouteEvent,
} from './ip-monitor.ts';
export {
  claimant,
  type AdvertisementEvent,
  type ArpEvent,
  type LanEvent,
  type SolicitationEvent,
} from './lan-frame.ts';
export { startProbe, type Probe, type ProbeOptions } from './probe.ts';
export { reportOf, type Gap, type Overlap, type ProbePacket, type ProbeReport, type Turn } from './probe-report.ts';
export {
  startTcpProbe,
  type TcpConnection,
  type TcpProbe,
  type TcpProbeOptions,
  type TcpProbeReport,
} from './tcp-probe.ts';
export { RESPONDER_PORT, startResponder } from './responder.ts';
export { TcpRelay, type Direction, type HoldOptions } from './tcp-relay.ts';
export { takeTimeline, type AddressTimeline, type Timeline, type TimelineOptions } from './timeline.ts';
