import type { ServiceView } from '@fairlead/ipam';
import { SERVICE_GROUPS, SERVICES } from '@fairlead/kube';
import type { KubeClient, KubeObject, ResourceType } from '@fairlead/kube';
import { projectGroup } from './objects/group.ts';
import type { GroupFacts } from './objects/group.ts';
import type { Ownership } from './objects/service.ts';
import { projectService } from './objects/service.ts';

/** Objects in one answer: 10,000 Services at once would be 30 MB of text in memory. */
const PAGE = 500;
/** For one page. */
const PAGE_TIMEOUT_MS = 15_000;

/** What the cluster had when we became the leader, read consistently: newer than anything the last leader wrote. */
export interface FreshList {
  readonly services: ReadonlyMap<string, ServiceView>;
  readonly servicesVersion: string;
  readonly groups: ReadonlyMap<string, GroupFacts>;
  readonly groupsVersion: string;
}

/** Lists Services and ServiceGroups from the API server's storage, not from its cache. */
export async function listFresh(client: KubeClient, ownership: Ownership, signal: AbortSignal): Promise<FreshList> {
  const services = new Map<string, ServiceView>();
  const groups = new Map<string, GroupFacts>();
  const [servicesVersion, groupsVersion] = await Promise.all([
    listPages(client, SERVICES, signal, (service) => {
      const view = projectService(service, ownership);
      if (view !== undefined) {
        services.set(view.key, view);
      }
    }),
    listPages(client, SERVICE_GROUPS, signal, (group) => {
      const facts = projectGroup(group);
      groups.set(facts.key, facts);
    }),
  ]);
  return { services, servicesVersion, groups, groupsVersion };
}

async function listPages<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  signal: AbortSignal,
  onItem: (item: T) => void,
): Promise<string> {
  let next: string | undefined;
  for (;;) {
    const page = await client.list(type, {
      limit: PAGE,
      timeoutMs: PAGE_TIMEOUT_MS,
      signal,
      ...(next === undefined ? {} : { continue: next }),
    });
    for (const item of page.items) {
      onItem(item);
    }
    next = page.continue;
    if (next === undefined) {
      return page.resourceVersion;
    }
  }
}
