import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { codeOf } from '../error-code.ts';
import { KubeConfigError } from '../errors.ts';

/** `user.exec` of a kubeconfig: a program that prints credentials (aws, gcloud, kubelogin, …). */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Shown when the program is not installed. */
  readonly installHint?: string;
  /** Given to programs that ask for it (`provideClusterInfo`). */
  readonly cluster?: Readonly<Record<string, unknown>>;
}

export interface ExecCredential {
  readonly token?: string;
  readonly certificate?: string;
  readonly key?: string;
  /** Unix milliseconds; absent: until refused. */
  readonly expiresAt?: number;
}

/** Longer than any program needs that asks nobody anything; one that waits for a browser must not hang a daemon. */
const PLUGIN_TIMEOUT_MS = 30_000;

/**
 * Runs the program and reads the ExecCredential that it prints.
 * @throws {KubeConfigError} when it is missing, fails, or prints something else
 */
export async function runExecPlugin(
  plugin: ExecPlugin,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ExecCredential> {
  const info = {
    apiVersion: plugin.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...(plugin.cluster === undefined ? {} : { cluster: plugin.cluster }) },
  };
  try {
    const { stdout } = await promisify(execFile)(plugin.command, [...plugin.args], {
      env: { ...env, ...plugin.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
      timeout: PLUGIN_TIMEOUT_MS,
    });
    return readCredential(stdout);
  } catch (cause) {
    if (cause instanceof KubeConfigError) {
      throw cause;
    }
    const missing = codeOf(cause) === 'ENOENT';
    const hint = missing && plugin.installHint !== undefined ? `: ${plugin.installHint}` : '';
    throw new KubeConfigError(
      `the credential program ${plugin.command} of the kubeconfig ${missing ? 'is not installed' : 'failed'}${hint}`,
      { cause },
    );
  }
}

function readCredential(output: string): ExecCredential {
  let status: Readonly<Record<string, unknown>> | undefined;
  try {
    status = (JSON.parse(output) as { status?: Record<string, unknown> }).status;
  } catch (cause) {
    throw new KubeConfigError('the credential program of the kubeconfig printed no JSON', { cause });
  }
  const text = (key: string): string | undefined => {
    const value = status?.[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const [token, certificate, key, expiry] = [
    text('token'),
    text('clientCertificateData'),
    text('clientKeyData'),
    text('expirationTimestamp'),
  ];
  if (token === undefined && (certificate === undefined || key === undefined)) {
    throw new KubeConfigError('the credential program of the kubeconfig printed neither a token nor a certificate');
  }
  return {
    ...(token === undefined ? {} : { token }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
    ...(expiry === undefined ? {} : { expiresAt: Date.parse(expiry) }),
  };
}
