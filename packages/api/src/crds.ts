import { GROUP, VERSION } from './names.ts';
import { lan } from './resources/lan.ts';
import { lbNodeAgent } from './resources/lb-node-agent.ts';
import { lbNodeStatus } from './resources/lb-node-status.ts';
import { router } from './resources/router.ts';
import { serviceGroup } from './resources/service-group.ts';
import { customResourceDefinition } from './schema/definition.ts';
import type { CustomResourceDefinition, ResourceDefinition } from './schema/definition.ts';

/** Every custom resource, in the order of the reference. */
export const RESOURCES: readonly ResourceDefinition[] = [serviceGroup, lbNodeAgent, router, lbNodeStatus, lan];

/** The CustomResourceDefinitions, one a resource. */
export function crds(): CustomResourceDefinition[] {
  return RESOURCES.map((definition) => customResourceDefinition(definition, { group: GROUP, version: VERSION }));
}
