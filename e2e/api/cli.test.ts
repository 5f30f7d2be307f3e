import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startControlPlane } from '../lab/index.ts';
import type { ControlPlane } from '../lab/index.ts';

const PROGRAM = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));
const SERVICES = '/api/v1/namespaces/default/services';
const NAMESPACE = 'fairlead-system';

let cluster: ControlPlane;

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program as kubectl would. */
function fairlead(args: readonly string[], kubeconfig = cluster.kubeconfig): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, ...args, '--kubeconfig', kubeconfig], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

async function createService(name: string): Promise<void> {
  await cluster.api.create(SERVICES, {
    metadata: { name },
    spec: { type: 'LoadBalancer', loadBalancerClass: 'fairlead.dev/fairlead', ports: [{ port: 80 }] },
  });
}

beforeAll(async () => {
  cluster = await startControlPlane();
  await cluster.api.create('/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  await createService('waiting');
  await createService('web');
  const condition = {
    type: 'fairlead.dev/AddressesAllocated',
    status: 'True',
    reason: 'Allocated',
    message: 'has every address',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  await cluster.api.patch(
    `${SERVICES}/web/status`,
    {
      metadata: { annotations: { 'fairlead.dev/allocated-from': 'lan' } },
      status: { conditions: [condition], loadBalancer: { ingress: [{ ip: '192.0.2.10', ipMode: 'VIP' }] } },
    },
    'strategic',
  );
  await cluster.api.create(`/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`, {
    metadata: {
      name: 'fairlead-claim-192.0.2.10',
      annotations: { 'fairlead.dev/address': '192.0.2.10', 'fairlead.dev/interface': 'eth0' },
    },
    spec: { holderIdentity: 'node-1' },
  });
}, 60_000);

afterAll(async () => {
  await cluster.close();
}, 30_000);

describe('kubectl fairlead', () => {
  it('lists Services with their addresses and who announces them', async () => {
    const { code, stdout } = await fairlead(['services', '-A']);
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['NAMESPACE', 'NAME', 'ADDRESSES', 'GROUP', 'ANNOUNCED BY', 'REASON'],
      ['default', 'waiting', '-', '-', '-', 'Waiting'],
      ['default', 'web', '192.0.2.10', 'lan', 'node-1/eth0', 'Allocated'],
      [''],
    ]);
    expect(code).toBe(0);
  });

  it('says why a Service has no address', async () => {
    const { stdout } = await fairlead(['why', 'svc/waiting']);
    expect(stdout).toBe('default/waiting: no address\nNo allocator leads: see whether its Pods run.\n');
  });

  it('says that there is no such Service, with exit code 1', async () => {
    const { code, stderr, stdout } = await fairlead(['why', 'nobody']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('services "nobody" not found');
  });

  it('says which kubeconfig is missing, with exit code 1', async () => {
    const { code, stderr } = await fairlead(['services'], '/nonexistent/kubeconfig');
    expect([code, stderr]).toEqual([
      1,
      'error: there is no kubeconfig at /nonexistent/kubeconfig; give another with --kubeconfig\n',
    ]);
  });

  it('refuses what it does not know, with exit code 2', async () => {
    const { code, stderr } = await fairlead(['wy', 'web']);
    expect(code).toBe(2);
    expect(stderr).toContain('there is no command "wy"');
  });
});
