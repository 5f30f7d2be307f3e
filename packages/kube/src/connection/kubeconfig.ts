import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import { codeOf, messageOf } from '../error-code.ts';
import { KubeConfigError } from '../errors.ts';
import { runExecPlugin, type ExecCredential, type ExecPlugin } from './exec-plugin.ts';
import type { ConnectionSettings, SettingsSource, TlsSettings } from './settings.ts';

/**
 * Reads kubeconfig files. Our own, where the rest of client-node's types are used: its KubeConfig brings the generated
 * client along (35 MiB of resident memory; its module alone 13, this one 1.5), reads `tokenFile` under another name,
 * never re-reads certificates, and keeps a program's credentials after the server has refused them.
 */
export interface KubeconfigOptions {
  /** One path, or several as in `$KUBECONFIG`: the first that defines a name wins. */
  readonly paths: readonly string[];
  /** Environment for credential programs. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Unix milliseconds. */
  readonly now?: () => number;
}

type Section = Readonly<Record<string, unknown>>;

/** A named entry of a file, and the folder from which its relative paths count. */
interface Entry {
  readonly folder: string;
  readonly section: Section;
}

interface Merged {
  readonly current: string | undefined;
  readonly clusters: ReadonlyMap<string, Entry>;
  readonly users: ReadonlyMap<string, Entry>;
  readonly contexts: ReadonlyMap<string, Entry>;
}

/** Settings from kubeconfig files. Every load reads the files again: they, and what they point to, are rotated. */
export function kubeconfigSource({ paths, env, now = Date.now }: KubeconfigOptions): SettingsSource {
  let remembered: { readonly plugin: string; readonly credential: ExecCredential } | undefined;
  const credentialOf = async (plugin: ExecPlugin, refused: boolean): Promise<ExecCredential> => {
    const identity = JSON.stringify(plugin);
    const { expiresAt = Number.POSITIVE_INFINITY } = remembered?.credential ?? {};
    if (remembered === undefined || refused || remembered.plugin !== identity || expiresAt <= now()) {
      remembered = { plugin: identity, credential: await runExecPlugin(plugin, env) };
    }
    return remembered.credential;
  };
  const description = paths.join(':');
  return {
    description,
    load: async (refused) => {
      const config = mergeFiles(await Promise.all(paths.map(readConfigFile)), description);
      const contextName = config.current;
      if (contextName === undefined || contextName === '') {
        throw new KubeConfigError(`${description} has no current-context; choose one with kubectl config use-context`);
      }
      const context = entryOf(config.contexts, contextName, 'context', description);
      const cluster = entryOf(config.clusters, text(context.section, 'cluster') ?? '', 'cluster', description);
      const userName = text(context.section, 'user');
      const user = userName === undefined ? undefined : entryOf(config.users, userName, 'user', description);
      const plugin = user === undefined ? undefined : execPluginOf(user, cluster);
      const credential = plugin === undefined ? undefined : await credentialOf(plugin, refused);
      return await settingsOf({
        description,
        cluster,
        user,
        credential,
        namespace: text(context.section, 'namespace'),
      });
    },
  };
}

interface Parts {
  readonly description: string;
  readonly cluster: Entry;
  readonly user: Entry | undefined;
  readonly credential: ExecCredential | undefined;
  readonly namespace: string | undefined;
}

async function settingsOf({ description, cluster, user, credential, namespace }: Parts): Promise<ConnectionSettings> {
  const server = text(cluster.section, 'server');
  if (server === undefined || !URL.canParse(server)) {
    throw new KubeConfigError(`${description}: the cluster has no valid server; write one like https://192.0.2.1:6443`);
  }
  if (user?.section['auth-provider'] !== undefined) {
    throw new KubeConfigError(`${description}: auth-provider is no longer part of Kubernetes; use exec instead`);
  }
  const [ca, certificate, key, headers] = await Promise.all([
    material(cluster, 'certificate-authority'),
    user === undefined ? undefined : material(user, 'client-certificate'),
    user === undefined ? undefined : material(user, 'client-key'),
    headersOf(user, credential),
  ]);
  const proxy = text(cluster.section, 'proxy-url');
  if (proxy !== undefined && !/^https?:/.test(proxy)) {
    throw new KubeConfigError(`${description}: proxy-url ${proxy} is no HTTP proxy; write http:// or https://`);
  }
  const tls = withoutUndefined<TlsSettings>({
    ca,
    certificate: credential?.certificate ?? certificate,
    key: credential?.key ?? key,
    serverName: text(cluster.section, 'tls-server-name'),
    insecure: cluster.section['insecure-skip-tls-verify'] === true ? true : undefined,
  });
  return { ...withoutUndefined<{ proxy?: string; namespace?: string }>({ proxy, namespace }), server, tls, headers };
}

async function headersOf(
  user: Entry | undefined,
  credential: ExecCredential | undefined,
): Promise<Record<string, string>> {
  const section = user?.section ?? {};
  const tokenFile = text(section, 'tokenFile');
  const token =
    tokenFile === undefined || user === undefined ? text(section, 'token') : await readText(user, tokenFile);
  const bearer = credential?.token ?? token?.trim();
  const [username, password, as] = [text(section, 'username'), text(section, 'password'), text(section, 'as')];
  const basic = username === undefined ? undefined : Buffer.from(`${username}:${password ?? ''}`).toString('base64');
  const authorization = bearer === undefined ? basic && `Basic ${basic}` : `Bearer ${bearer}`;
  return {
    ...(authorization === undefined ? {} : { authorization }),
    ...(as === undefined ? {} : { 'impersonate-user': as }),
  };
}

function execPluginOf(user: Entry, cluster: Entry): ExecPlugin | undefined {
  const exec = user.section['exec'];
  if (!isSection(exec)) {
    return undefined;
  }
  const command = text(exec, 'command');
  if (command === undefined) {
    throw new KubeConfigError('the kubeconfig has an exec without a command');
  }
  const args = Array.isArray(exec['args']) ? exec['args'].map(String) : [];
  const env = Array.isArray(exec['env']) ? exec['env'].filter(isSection) : [];
  const installHint = text(exec, 'installHint');
  const { server, 'certificate-authority-data': ca, 'tls-server-name': name } = cluster.section;
  return {
    apiVersion: text(exec, 'apiVersion') ?? 'client.authentication.k8s.io/v1',
    // A path with a slash is relative to the file, a bare name is searched in PATH (as kubectl does).
    command: command.includes('/') ? absolute(user, command) : command,
    args,
    env: Object.fromEntries(env.map((pair) => [text(pair, 'name') ?? '', text(pair, 'value') ?? ''])),
    ...(installHint === undefined ? {} : { installHint }),
    ...(exec['provideClusterInfo'] === true
      ? { cluster: { server, 'certificate-authority-data': ca, 'tls-server-name': name } }
      : {}),
  };
}

async function readConfigFile(path: string): Promise<{ readonly path: string; readonly content: Section }> {
  let content: unknown;
  try {
    content = parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const missing = codeOf(cause) === 'ENOENT';
    throw new KubeConfigError(
      missing
        ? `there is no kubeconfig at ${path}; give another with --kubeconfig`
        : `cannot read the kubeconfig ${path}: ${messageOf(cause)}`,
      { cause },
    );
  }
  if (!isSection(content)) {
    throw new KubeConfigError(`${path} is no kubeconfig: it is not a YAML object`);
  }
  return { path, content };
}

function mergeFiles(
  files: readonly { readonly path: string; readonly content: Section }[],
  description: string,
): Merged {
  const collect = (list: string, item: string): Map<string, Entry> => {
    const found = new Map<string, Entry>();
    for (const { path, content } of files) {
      const entries = content[list] ?? [];
      if (!Array.isArray(entries)) {
        throw new KubeConfigError(`${description}: ${list} is not a list`);
      }
      for (const entry of entries.filter(isSection)) {
        const name = text(entry, 'name');
        const section = entry[item];
        if (name !== undefined && isSection(section) && !found.has(name)) {
          found.set(name, { folder: dirname(path), section });
        }
      }
    }
    return found;
  };
  const current = files.map(({ content }) => text(content, 'current-context')).find((name) => name !== undefined);
  return {
    current,
    clusters: collect('clusters', 'cluster'),
    users: collect('users', 'user'),
    contexts: collect('contexts', 'context'),
  };
}

function entryOf(entries: ReadonlyMap<string, Entry>, name: string, what: string, description: string): Entry {
  const entry = entries.get(name);
  if (entry === undefined) {
    throw new KubeConfigError(`${description} has no ${what} ${JSON.stringify(name)}`);
  }
  return entry;
}

/** PEM from `KEY-data` (base64) or from the file that `KEY` names. */
async function material(entry: Entry, key: string): Promise<string | undefined> {
  const data = text(entry.section, `${key}-data`);
  if (data !== undefined) {
    return Buffer.from(data, 'base64').toString('utf8');
  }
  const file = text(entry.section, key);
  return file === undefined ? undefined : await readText(entry, file);
}

async function readText(entry: Entry, file: string): Promise<string> {
  const path = absolute(entry, file);
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new KubeConfigError(`cannot read ${path}, which the kubeconfig names`, { cause });
  }
}

function absolute(entry: Entry, file: string): string {
  return isAbsolute(file) ? file : join(entry.folder, file);
}

function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(section: Section, key: string): string | undefined {
  const value = section[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function withoutUndefined<T extends object>(record: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;
}
