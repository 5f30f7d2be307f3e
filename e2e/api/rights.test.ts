import { fileURLToPath } from 'node:url';
import { startControlPlane } from '../lab/index.ts';
import type { ControlPlane } from '../lab/index.ts';

const MANIFESTS = ['../../deploy/crds', '../../deploy/rbac.yaml'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** A right as one says it: `VERB RESOURCE[/SUBRESOURCE][.GROUP] [NAME] [in NAMESPACE]`. */
type Right = string;

const RELEASE = 'fairlead-system';

const ALLOCATOR: Readonly<Record<'may' | 'mayNot', readonly Right[]>> = {
  may: [
    'list services',
    'watch services',
    'patch services/status in default',
    'list namespaces',
    'list servicegroups.fairlead.dev',
    'patch servicegroups/status.fairlead.dev',
    'patch routers/status.fairlead.dev',
    'patch lbnodeagents/status.fairlead.dev',
    'list lans.fairlead.dev',
    'create events.events.k8s.io in default',
    'patch events.events.k8s.io in default',
    'create leases.coordination.k8s.io in fairlead-system',
    'update leases.coordination.k8s.io fairlead-allocator in fairlead-system',
    'list leases.coordination.k8s.io in fairlead-system',
    'delete leases.coordination.k8s.io fairlead-claim-192.0.2.1 in fairlead-system',
  ],
  mayNot: [
    'patch services in default',
    'update services in default',
    'delete services in default',
    'patch servicegroups.fairlead.dev',
    'delete servicegroups.fairlead.dev',
    'delete lans.fairlead.dev',
    'patch lbnodestatuses/status.fairlead.dev',
    'update leases.coordination.k8s.io fairlead-claim-192.0.2.1 in fairlead-system',
    'update leases.coordination.k8s.io fairlead-agent-node-1 in fairlead-system',
    'list leases.coordination.k8s.io in kube-system',
    'get secrets in fairlead-system',
    'list pods in default',
    'patch nodes',
  ],
};

const NODE_AGENT: Readonly<Record<'may' | 'mayNot', readonly Right[]>> = {
  may: [
    'list services',
    'watch services',
    'get nodes',
    'watch nodes',
    'list endpointslices.discovery.k8s.io',
    'list servicecidrs.networking.k8s.io',
    'list servicegroups.fairlead.dev',
    'list lbnodeagents.fairlead.dev',
    'list routers.fairlead.dev',
    'list lans.fairlead.dev',
    'create lans.fairlead.dev',
    'create lbnodestatuses.fairlead.dev',
    'patch lbnodestatuses.fairlead.dev',
    'patch lbnodestatuses/status.fairlead.dev',
    'create events.events.k8s.io in default',
    'create leases.coordination.k8s.io in fairlead-system',
    'update leases.coordination.k8s.io in fairlead-system',
    'watch leases.coordination.k8s.io in fairlead-system',
  ],
  mayNot: [
    'patch services in default',
    'patch services/status in default',
    'update services/status in default',
    'patch nodes',
    'patch nodes/status',
    'update lans.fairlead.dev',
    'delete lans.fairlead.dev',
    'patch servicegroups/status.fairlead.dev',
    'patch routers/status.fairlead.dev',
    'delete lbnodestatuses.fairlead.dev',
    'delete leases.coordination.k8s.io in fairlead-system',
    'create leases.coordination.k8s.io in kube-system',
    'get secrets in fairlead-system',
    'list secrets in default',
    'list pods in default',
  ],
};

let cluster: ControlPlane;

beforeAll(async () => {
  cluster = await startControlPlane();
  for (const manifest of MANIFESTS) {
    await cluster.kubectl(['apply', '-f', manifest]);
  }
}, 60_000);

afterAll(async () => {
  await cluster.close();
}, 30_000);

interface Attributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly namespace: string;
}

function attributesOf(right: Right): Attributes {
  const [what = '', namespace = ''] = right.split(' in ');
  const [verb = '', target = '', name = ''] = what.split(' ');
  const dot = target.indexOf('.');
  const [resource = '', subresource = ''] = (dot < 0 ? target : target.slice(0, dot)).split('/');
  return { verb, group: dot < 0 ? '' : target.slice(dot + 1), resource, subresource, name, namespace };
}

/** Asks the API server's own authorizer. */
async function allowed(account: string, right: Right): Promise<boolean> {
  const { status } = await cluster.api.create<{ status: { allowed: boolean } }>(
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: `system:serviceaccount:${RELEASE}:${account}`,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${RELEASE}`, 'system:authenticated'],
        resourceAttributes: attributesOf(right),
      },
    },
  );
  return status.allowed;
}

describe.each([
  ['fairlead-allocator', ALLOCATOR],
  ['fairlead-node-agent', NODE_AGENT],
] as const)('the account %s', (account, rights) => {
  it.each(rights.may)('may %s', async (right) => {
    expect(await allowed(account, right)).toBe(true);
  });

  it.each(rights.mayNot)('may not %s', async (right) => {
    expect(await allowed(account, right)).toBe(false);
  });
});
