import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from '@fairlead/e2e/lab';
import { service } from '../../scene/manifests.ts';
import type { GroupName } from '../../scene/manifests.ts';
import { createService, deleteService, untilService } from '../../scene/observe.ts';
import type { Figure } from '../figures.ts';

/** Services over which the requests are counted. */
const COUNT = 50;

/** One line of the API server's audit log, as far as it is read here. */
interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource?: string; readonly name?: string };
}

/** Everything that the two accounts of Fairlead ask for, one line a request; watches are no requests of a Service. */
export const AUDIT_POLICY = JSON.stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [
    {
      level: 'Metadata',
      users: ['allocator', 'node-agent'].map((name) => `system:serviceaccount:fairlead-system:fairlead-${name}`),
      verbs: ['get', 'list', 'create', 'update', 'patch', 'delete'],
    },
    { level: 'None' },
  ],
});

/** kube-apiserver's flags for that log. */
export function auditFlags(folder: string): string[] {
  return [
    `--audit-policy-file=${join(folder, 'policy.json')}`,
    `--audit-log-path=${auditLog(folder)}`,
    '--audit-log-mode=blocking',
  ];
}

function auditLog(folder: string): string {
  return join(folder, 'audit.log');
}

/** What is not done for a Service: Leases by which processes live, and the nodes' own objects. */
function isUpkeep({ objectRef }: AuditEvent): boolean {
  const { resource = '', name = '' } = objectRef ?? {};
  return ['lbnodestatuses', 'lans', 'servicegroups', 'routers', 'lbnodeagents', 'nodes'].includes(resource)
    ? true
    : resource === 'leases' && !name.startsWith('fairlead-claim-');
}

async function requests(folder: string): Promise<AuditEvent[]> {
  const lines = (await readFile(auditLog(folder), 'utf8')).split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as AuditEvent).filter((event) => !isUpkeep(event));
}

/** Requests a Service, from its creation until all that is written about it is written. */
export async function measureRequests(
  lab: Lab,
  options: { readonly group: GroupName; readonly folder: string },
): Promise<Figure> {
  const { group, folder } = options;
  const before = (await requests(folder)).length;
  for (let index = 0; index < COUNT; index += 1) {
    const name = `counted-${group}-${index}`;
    await createService(lab, service({ name, group, families: 'IPv4', app: 'nothing' }));
    await untilService(lab, name, ({ metadata, status }) =>
      group === 'lan'
        ? metadata.annotations?.['fairlead.dev/announced-by'] !== undefined
        : (status?.loadBalancer?.ingress ?? []).length > 0,
    );
  }
  await untilQuiet(folder);
  const seen = (await requests(folder)).slice(before);
  for (let index = 0; index < COUNT; index += 1) {
    await deleteService(lab, `counted-${group}-${index}`);
  }
  process.stderr.write(`${breakdown(seen)}\n`);
  return {
    what: `API requests for a ${group === 'lan' ? 'local' : 'virtual'} Service, three nodes`,
    value: seen.length / COUNT,
    unit: 'requests',
    atMost: group === 'lan' ? 5 : 2,
  };
}

/** Waits until no request has come for two seconds: events are written last. */
async function untilQuiet(folder: string): Promise<void> {
  for (let last = -1, count = 0; last !== count;) {
    last = count;
    await new Promise((resolve) => {
      setTimeout(resolve, 2000);
    });
    count = (await requests(folder)).length;
  }
}

function breakdown(events: readonly AuditEvent[]): string {
  const counts = Map.groupBy(events, ({ verb, objectRef }) => `${verb} ${objectRef?.resource ?? '?'}`);
  return [...counts].map(([what, all]) => `    ${what}: ${all.length}`).join('\n');
}
