import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  createKubeClient,
  inClusterSource,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isInvalid,
  isNetworkError,
  isNotFound,
  isTooManyRequests,
  isUnauthorized,
  KubeClient,
  KubeConfigError,
  NAMESPACES,
  retryAfterMs,
  SERVICES,
  type ApiError,
} from '@fairlead/kube';
import { FAIR_WEATHER, type RequestFault } from './chaos-proxy.ts';
import { Cluster, CONFIG_MAPS } from './cluster.ts';
import { MemoryLog } from './log.ts';
import { statusBody } from './weather.ts';

const run = promisify(execFile);
const log = new MemoryLog();

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('client', () => {
  let cluster: Cluster;
  let client: KubeClient;
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-client-'));
    const subject = ['-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-days', '1'];
    await run('openssl', ['req', '-x509', ...subject, '-subj', '/CN=users', '-keyout', 'ca.key', '-out', 'ca.crt'], {
      cwd: folder,
    });
    cluster = await Cluster.start({
      apiServerFlags: [`--client-ca-file=${folder}/ca.crt`],
      users: { nobody: ['nobodies'] },
    });
    client = await cluster.client({ logger: log });
  }, 60_000);

  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const key = { namespace: 'default', name: 'one' };

  it('creates, reads, replaces, patches in four ways, lists and deletes', async () => {
    const created = await client.create(CONFIG_MAPS, { metadata: { ...key, labels: { a: '1' } }, data: { text: 'a' } });
    expect(await client.get(CONFIG_MAPS, key)).toEqual(created);
    const replaced = await client.replace(CONFIG_MAPS, { ...created, data: { text: 'b' } });
    expect(replaced.data).toEqual({ text: 'b' });
    await client.patch(CONFIG_MAPS, key, { data: { merge: '1' } }, { type: 'merge' });
    await client.patch(CONFIG_MAPS, key, { data: { strategic: '1' } }, { type: 'strategic' });
    await client.patch(CONFIG_MAPS, key, [{ op: 'add', path: '/data/json', value: '1' }], { type: 'json' });
    const applied = { apiVersion: 'v1', kind: 'ConfigMap', data: { apply: '1' } };
    await client.patch(CONFIG_MAPS, key, applied, { type: 'apply', fieldManager: 'test', force: true });
    const { items, resourceVersion } = await client.list(CONFIG_MAPS, { namespace: 'default', labelSelector: 'a=1' });
    expect(items).toMatchObject([
      { kind: 'ConfigMap', data: { text: 'b', merge: '1', strategic: '1', json: '1', apply: '1' } },
    ]);
    expect(Number(resourceVersion)).toBeGreaterThan(0);
    await client.patch(CONFIG_MAPS, key, { data: { dry: '1' } }, { type: 'merge', dryRun: true });
    expect((await client.get(CONFIG_MAPS, key)).data?.['dry']).toBeUndefined();
    await client.delete(CONFIG_MAPS, key);
    expect(isNotFound(await failureOf(client.get(CONFIG_MAPS, key)))).toBe(true);
  });

  it('writes status and annotations of a Service in one request, and only against the version that was read', async () => {
    const name = { namespace: 'default', name: 'web' };
    const service = await client.create(SERVICES, {
      metadata: name,
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
    });
    const patch = (ip: string) => ({
      metadata: { resourceVersion: service.metadata?.resourceVersion, annotations: { from: ip } },
      status: { loadBalancer: { ingress: [{ ip, ipMode: 'VIP' }] } },
    });
    const options = { type: 'strategic', subresource: 'status' } as const;
    const patched = await client.patch(SERVICES, name, patch('192.0.2.1'), options);
    expect(patched).toMatchObject({
      metadata: { annotations: { from: '192.0.2.1' } },
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.1', ipMode: 'VIP' }] } },
    });
    expect(isConflict(await failureOf(client.patch(SERVICES, name, patch('192.0.2.2'), options)))).toBe(true);
  });

  it('tells refusals apart, in words', async () => {
    await client.create(CONFIG_MAPS, { metadata: key });
    const twice = await failureOf(client.create(CONFIG_MAPS, { metadata: key }));
    expect([isAlreadyExists(twice), isConflict(twice)]).toEqual([true, false]);
    const wrong = await failureOf(client.create(NAMESPACES, { metadata: { name: 'No_Name' } }));
    expect(isInvalid(wrong)).toBe(true);
    expect((wrong as ApiError).message).toMatch(/No_Name.*POST \/api\/v1\/namespaces: 422 Invalid/);
    const uid = { preconditions: { uid: 'another' } };
    expect(isConflict(await failureOf(client.delete(CONFIG_MAPS, key, uid)))).toBe(true);
    const nobody = await createKubeClient({
      kubeconfig: await cluster.controlPlane.kubeconfigOf('nobody'),
      logger: log,
      userAgent: 'fairlead-test/1',
    });
    await using _ = nobody;
    expect(isForbidden(await failureOf(nobody.list(CONFIG_MAPS)))).toBe(true);
  });

  it('needs few connections: two for calls that follow each other, at most 16 for those at once', async () => {
    await using proxy = await cluster.proxy();
    const own = await cluster.client({ logger: log, server: `http://127.0.0.1:${proxy.port}` });
    for (let call = 0; call < 50; call += 1) {
      await own.get(NAMESPACES, { name: 'default' });
    }
    expect(proxy.connections).toBeLessThanOrEqual(2); // the next call may begin before the last one's end is seen
    await Promise.all(Array.from({ length: 200 }, async () => await own.get(NAMESPACES, { name: 'default' })));
    expect(proxy.connections).toBeLessThanOrEqual(16);
  });

  it('reaches a server by its IPv6 address', async () => {
    await using proxy = await cluster.proxy('::1');
    const own = await cluster.client({ logger: log, server: `http://[::1]:${proxy.port}` });
    expect((await own.get(NAMESPACES, { name: 'default' })).metadata?.name).toBe('default');
  });

  it('gives up a call at its time limit, and with its signal, and works on', async () => {
    await using proxy = await cluster.proxy();
    const own = await cluster.client({ logger: log, server: `http://127.0.0.1:${proxy.port}` });
    proxy.weather = { ...FAIR_WEATHER, request: () => ({ type: 'hang' }) };
    const begun = performance.now();
    const late = await failureOf(own.get(NAMESPACES, { name: 'default' }, { timeoutMs: 300 }));
    expect(isNetworkError(late) && late.code).toBe('ETIMEDOUT');
    expect(performance.now() - begun).toBeLessThan(2_000);
    const reason = new Error('no longer wanted');
    const controller = new AbortController();
    const call = failureOf(own.get(NAMESPACES, { name: 'default' }, { signal: controller.signal }));
    controller.abort(reason);
    expect(await call).toBe(reason);
    expect(own.health.reachable).toBe(false);
    proxy.thaw();
    await own.get(NAMESPACES, { name: 'default' });
    expect(own.health.reachable).toBe(true);
  });

  it.each<[string, RequestFault, (error: unknown) => boolean]>([
    ['a cut', { type: 'cut' }, isNetworkError],
    ['half an answer', { type: 'answer', status: 200, body: '{"kind":"Name' }, isNetworkError],
    ['the page of a hotel', { type: 'answer', status: 200, body: '<html>' }, isNetworkError],
    ['HTML with 503', { type: 'answer', status: 503, body: '<html>' }, (error) => (error as ApiError).status === 503],
    [
      '429 with Retry-After',
      { type: 'answer', status: 429, body: statusBody(429, 'TooManyRequests'), retryAfter: 7 },
      (error) => isTooManyRequests(error) && retryAfterMs(error) === 7_000,
    ],
  ])('says what became of a call that met %s', async (_name, fault, expected) => {
    await using proxy = await cluster.proxy();
    const own = await cluster.client({ logger: log, server: `http://127.0.0.1:${proxy.port}` });
    proxy.weather = { ...FAIR_WEATHER, request: () => fault };
    expect(expected(await failureOf(own.get(NAMESPACES, { name: 'default' })))).toBe(true);
  });

  it('proves itself by a client certificate', async () => {
    const request = ['-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    const inFolder = { cwd: folder };
    await run(
      'openssl',
      ['req', ...request, '-subj', '/O=system:masters/CN=me', '-keyout', 'me.key', '-out', 'me.csr'],
      inFolder,
    );
    const sign = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1'];
    await run('openssl', ['x509', '-req', '-in', 'me.csr', ...sign, '-out', 'me.crt'], inFolder);
    const kubeconfig = await cluster.kubeconfig(
      {},
      { 'client-certificate': join(folder, 'me.crt'), 'client-key': join(folder, 'me.key') },
    );
    await using own = await createKubeClient({ kubeconfig, logger: log, userAgent: 'fairlead-test/1' });
    expect((await own.list(NAMESPACES)).items.length).toBeGreaterThan(0);
  });

  it('trusts only the authority of the kubeconfig, unless told to trust anybody', async () => {
    const other = await readFile(join(folder, 'ca.crt'));
    const wrong = await cluster.kubeconfig({ 'certificate-authority-data': other.toString('base64') });
    await using suspicious = await createKubeClient({ kubeconfig: wrong, logger: log, userAgent: 'fairlead-test/1' });
    const refused = await failureOf(suspicious.list(NAMESPACES));
    expect(isNetworkError(refused) && refused.message).toMatch(/certificate is not trusted/);
    const insecure = { 'certificate-authority-data': undefined, 'insecure-skip-tls-verify': true };
    const kubeconfig = await cluster.kubeconfig(insecure);
    await using careless = await createKubeClient({ kubeconfig, logger: log, userAgent: 'fairlead-test/1' });
    expect((await careless.list(NAMESPACES)).items.length).toBeGreaterThan(0);
  });

  it('reads the token of its service account again as soon as the old one is refused', async () => {
    const { hostname, port } = new URL(cluster.controlPlane.server);
    const mounted = await mkdtemp(join(tmpdir(), 'fairlead-account-'));
    await Promise.all([writeFile(join(mounted, 'token'), 'expired'), writeFile(join(mounted, 'ca.crt'), cluster.ca)]);
    const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    const source = inClusterSource({ env, folder: mounted });
    await using own = new KubeClient(source, { logger: log, userAgent: 'fairlead-test/1' });
    expect(isUnauthorized(await failureOf(own.list(NAMESPACES)))).toBe(true);
    await writeFile(join(mounted, 'token'), `${cluster.token}\n`);
    expect((await own.list(NAMESPACES)).items.length).toBeGreaterThan(0);
    await rm(mounted, { recursive: true });
  });

  it('fails with what to do while there is no kubeconfig, and works as soon as there is one', async () => {
    const path = join(folder, 'comes-later');
    await using own = await createKubeClient({ kubeconfig: path, logger: log, userAgent: 'fairlead-test/1' });
    const missing = await failureOf(own.list(NAMESPACES));
    expect(missing).toBeInstanceOf(KubeConfigError);
    await writeFile(path, await readFile(cluster.controlPlane.kubeconfig));
    expect((await own.list(NAMESPACES)).items.length).toBeGreaterThan(0);
  });
});
