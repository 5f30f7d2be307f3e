import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfigError } from '../errors.ts';
import { findSettings } from './find-settings.ts';
import { inClusterSource } from './in-cluster.ts';
import { kubeconfigSource } from './kubeconfig.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-kubeconfig-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** A kubeconfig of one context; both arguments are YAML flow mappings. */
async function kubeconfig(cluster: string, user: string, name = 'config'): Promise<string> {
  return await file(
    name,
    `current-context: x
clusters: [{name: c, cluster: ${cluster}}]
users: [{name: u, user: ${user}}]
contexts: [{name: x, context: {cluster: c, user: u, namespace: shop}}]`,
  );
}

const load = async (path: string) => await kubeconfigSource({ paths: [path], env: process.env }).load(false);
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('kubeconfig', () => {
  it('gives server, trust, token and namespace', async () => {
    const cluster = `{server: "https://[fd00::1]:6443", certificate-authority-data: ${base64('CA')}, tls-server-name: api}`;
    expect(await load(await kubeconfig(cluster, '{token: secret}'))).toEqual({
      server: 'https://[fd00::1]:6443',
      tls: { ca: 'CA', serverName: 'api' },
      headers: { authorization: 'Bearer secret' },
      namespace: 'shop',
    });
  });

  it('reads certificates and token files beside it, at each load anew', async () => {
    await Promise.all([file('ca.pem', 'CA'), file('me.pem', 'CERT'), file('me.key', 'KEY'), file('token', 'one\n')]);
    const path = await kubeconfig(
      '{server: "https://a", certificate-authority: ca.pem}',
      '{client-certificate: me.pem, client-key: me.key, tokenFile: token, token: ignored}',
    );
    const source = kubeconfigSource({ paths: [path], env: {} });
    expect(await source.load(false)).toMatchObject({
      tls: { ca: 'CA', certificate: 'CERT', key: 'KEY' },
      headers: { authorization: 'Bearer one' },
    });
    await file('token', 'two');
    expect(await source.load(false)).toMatchObject({ headers: { authorization: 'Bearer two' } });
  });

  it('understands insecure-skip-tls-verify, basic authentication, impersonation and proxies', async () => {
    const cluster = '{server: "https://a", insecure-skip-tls-verify: true, proxy-url: "http://proxy:3128"}';
    expect(await load(await kubeconfig(cluster, '{username: me, password: pass, as: other}'))).toMatchObject({
      tls: { insecure: true },
      proxy: 'http://proxy:3128',
      headers: { authorization: `Basic ${base64('me:pass')}`, 'impersonate-user': 'other' },
    });
  });

  it('takes each name from the first file that has it', async () => {
    const first = await kubeconfig('{server: "https://first"}', '{token: a}', 'first');
    const second = await kubeconfig('{server: "https://second"}', '{token: b}', 'second');
    const settings = await findSettings({ env: { KUBECONFIG: `${first}:${second}` } }).load(false);
    expect(settings).toMatchObject({ server: 'https://first', headers: { authorization: 'Bearer a' } });
  });

  it('runs a credential program, keeps what it prints until it ends or is refused', async () => {
    const program = await file(
      'plugin',
      `#!/bin/sh\necho x >> ${folder}/runs\nprintf '%s' "$KUBERNETES_EXEC_INFO" > ${folder}/info\ncat ${folder}/answer\n`,
    );
    await chmod(program, 0o755);
    const answer = async (token: string, expirationTimestamp: string): Promise<string> =>
      await file('answer', JSON.stringify({ kind: 'ExecCredential', status: { token, expirationTimestamp } }));
    const path = await kubeconfig(
      '{server: "https://a"}',
      '{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, provideClusterInfo: true}}',
    );
    let now = 0;
    const source = kubeconfigSource({ paths: [path], env: process.env, now: () => now });
    const token = async (refused = false): Promise<string | undefined> =>
      (await source.load(refused)).headers['authorization'];
    await answer('one', '1970-01-01T00:01:00Z');
    expect(await token()).toBe('Bearer one');
    await answer('two', '1970-01-01T00:02:00Z');
    expect(await token()).toBe('Bearer one');
    now = 60_000;
    expect(await token()).toBe('Bearer two');
    await answer('three', '1970-01-01T00:02:00Z');
    expect(await token(true)).toBe('Bearer three');
  });

  it.each([
    [
      '{server: "https://a"}',
      '{exec: {command: /nonexistent/aws, installHint: get it there}}',
      /is not installed: get it there/,
    ],
    ['{server: "https://a"}', '{exec: {command: "false"}}', /failed/],
    ['{server: "https://a"}', '{exec: {command: "true"}}', /printed no JSON/],
    ['{server: "https://a"}', '{auth-provider: {name: gcp}}', /use exec instead/],
    ['{server: "https://a", certificate-authority: gone.pem}', '{}', /cannot read .*gone\.pem/],
    ['{server: nonsense}', '{}', /no valid server/],
    ['{server: "https://a", proxy-url: "socks5://b"}', '{}', /no HTTP proxy/],
  ])('says what is wrong with %s and %s', async (cluster, user, sentence) => {
    const loading = load(await kubeconfig(cluster, user));
    await expect(loading).rejects.toThrow(KubeConfigError);
    await expect(loading).rejects.toThrow(sentence);
  });

  it.each([
    ['- a', /not a YAML object/],
    ['a: [', /cannot read the kubeconfig/],
    ['clusters: []', /no current-context/],
    ['current-context: x', /no context "x"/],
    ['clusters: 3', /clusters is not a list/],
  ])('says what is wrong with the file %j', async (content, sentence) => {
    await expect(load(await file('config', content))).rejects.toThrow(sentence);
  });

  it('names the flag when there is none', async () => {
    await expect(load('/nonexistent/config')).rejects.toThrow(/no kubeconfig at .*--kubeconfig/);
    await expect(findSettings({ env: { HOME: '/nonexistent' } }).load(false)).rejects.toThrow(
      /give --kubeconfig, or set/,
    );
  });
});

describe('service account of a Pod', () => {
  it('gives the server, IPv6 too, and reads the token at each load', async () => {
    await Promise.all([file('token', 'one'), file('ca.crt', 'CA'), file('namespace', 'fairlead-system')]);
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
    const source = inClusterSource({ env, folder });
    expect(await source.load(false)).toEqual({
      server: 'https://[fd00::1]:6443',
      tls: { ca: 'CA' },
      headers: { authorization: 'Bearer one' },
      namespace: 'fairlead-system',
    });
    await file('token', 'two');
    expect((await source.load(false)).headers['authorization']).toBe('Bearer two');
  });

  it('says what to do when the token is not mounted', async () => {
    const source = inClusterSource({ env: { KUBERNETES_SERVICE_HOST: '192.0.2.1' }, folder });
    await expect(source.load(false)).rejects.toThrow(/automountServiceAccountToken/);
  });
});
