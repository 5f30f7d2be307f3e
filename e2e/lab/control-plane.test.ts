import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { startControlPlane, type ControlPlane } from './control-plane.ts';

describe('a control plane', () => {
  let first: ControlPlane;
  let second: ControlPlane;

  beforeAll(async () => {
    [first, second] = await Promise.all([startControlPlane({ controllerManager: true }), startControlPlane()]);
  }, 60_000);

  afterAll(async () => {
    await Promise.all([first?.close(), second?.close()]);
    expect(existsSync(first.run.directory)).toBe(false);
  }, 30_000);

  test('two side by side are two clusters', async () => {
    await first.kubectl(['create', 'namespace', 'only-here']);
    expect(await first.kubectl(['get', 'namespaces', '-o', 'name'])).toContain('namespace/only-here');
    expect(await second.kubectl(['get', 'namespaces', '-o', 'name'])).not.toContain('only-here');
  });

  test('Services are dual-stack', async () => {
    const service = await second.api.create<{ spec: { clusterIPs: string[] } }>('/api/v1/namespaces/default/services', {
      metadata: { name: 'dual' },
      spec: { ipFamilyPolicy: 'RequireDualStack', ports: [{ port: 80 }] },
    });
    expect(service.spec.clusterIPs).toEqual([expect.stringMatching(/^10\.96\./), expect.stringMatching(/^fd00:96:/)]);
  });

  test('the controller manager makes service accounts, and their tokens are accepted', async () => {
    await first.api.until(
      '/api/v1/namespaces/default/serviceaccounts',
      (account) => account.metadata.name === 'default',
    );
    const kubeconfig = await first.serviceAccountKubeconfig({ namespace: 'default', name: 'default' });
    const who = await first.kubectl([
      '--kubeconfig',
      kubeconfig,
      'auth',
      'whoami',
      '-o',
      'jsonpath={.status.userInfo.username}',
    ]);
    expect(who).toBe('system:serviceaccount:default:default');
    await expect(first.kubectl(['--kubeconfig', kubeconfig, 'get', 'secrets'])).rejects.toThrow(/forbidden/i);
  });

  test('the API server comes back with its data after SIGKILL', async () => {
    await second.kubectl(['create', 'namespace', 'kept']);
    await second.apiServer.kill();
    await expect(second.api.get('/api/v1/namespaces/kept')).rejects.toThrow(/ECONNREFUSED|other side closed|socket/);
    second.apiServer.start();
    await second.ready();
    expect(await second.api.get('/api/v1/namespaces/kept')).toMatchObject({ metadata: { name: 'kept' } });
  }, 60_000);

  test('its processes carry the mark of the run and nothing of the test runner', () => {
    const environment = readFileSync(`/proc/${first.etcd.pid}/environ`, 'utf8').split('\0');
    expect(environment).toContain(`FAIRLEAD_LAB_RUN=${first.run.id}`);
    expect(environment.filter((entry) => /^(NODE_|JEST_)/.test(entry))).toEqual([]);
  });
});
