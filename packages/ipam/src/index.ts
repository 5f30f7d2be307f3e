export type { Aged } from './age.ts';
export { AllocationEngine, type AllocationEvent, type Effects, type EngineSizes, type Snapshot } from './engine.ts';
export type { GroupCondition, GroupStatus } from './group-status.ts';
export type { GroupView, Labels } from './group.ts';
export { listNames } from './refusal.ts';
export { parseRequest, type Request } from './request.ts';
export { sameWish, type IPFamilyPolicy, type ObservedStatus, type ServiceView } from './service.ts';
export { conditionText, type ConditionText, type Verdict } from './verdict.ts';
