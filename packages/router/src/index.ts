export * from './view/build.ts';
export type { StrayRoute } from './view/groups.ts';
export { PASSWORD_KEY, passwordsBySecret, secretNamesOf } from './view/passwords.ts';
export type { SecretData } from './view/passwords.ts';
export type { Printable } from './view/printable.ts';
export { ROUTER_VIEW_PROBLEMS } from './view/problem.ts';
export type { RouterViewProblem, RouterViewReason } from './view/problem.ts';
export type * from './view/view.ts';
export { readTemplates } from './template/directory.ts';
export { TemplateError } from './template/error.ts';
export type { TemplateLine } from './template/error.ts';
export { compileTemplates, MAIN_TEMPLATE, renderRouterConfig } from './template/template-set.ts';
export type { RenderedConfig, TemplateSet } from './template/template-set.ts';
export { RouterController } from './controller/controller.ts';
export type { RouterControllerOptions, RouterObserver } from './controller/controller.ts';
export { IDLE_CONFIGURATION } from './bird/idle.ts';
export { nodeRouterStatus, routerVerdict } from './controller/status.ts';
export type { DaemonConnection, DaemonKind, ObservedSession } from './controller/daemon.ts';
export { frrDaemon } from './frr/daemon.ts';
export type {
  ConfigurationState,
  LastReset,
  RefusedConfiguration,
  RouterStatus,
  RouterVerdict,
} from './controller/status.ts';
export { describeResets } from './edits/describe.ts';
export { resetsOf } from './edits/resets.ts';
export type { Reset } from './edits/resets.ts';
export type { Logger } from './logger.ts';
