/** The lab: real Kubernetes control planes, nodes, switches and routers on one machine, for tests and for looking around. */
export { ApiStatusError, LabApi, type KubernetesObject, type ServiceObject, type WatchEvent } from './api.ts';
export {
  ControlPlane,
  POD_CIDRS,
  SERVICE_CIDRS,
  startControlPlane,
  type ControlPlaneOptions,
} from './control-plane.ts';
export { LabProcess, ProcessError, type Exit } from './process.ts';
export { CommandError, Run, type SpawnOptions } from './run.ts';
