import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const POLICY = JSON.stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  // A watch is one request, told when it ends.
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [
    { level: 'Metadata', users: ['system:serviceaccount:fairlead-system:fairlead-node-agent'] },
    { level: 'None' },
  ],
});

/** Everything that agents ask of the API server, watches included, by the API server's own record. */
export class AgentRequests implements AsyncDisposable {
  /** kube-apiserver's flags for it. */
  readonly flags: readonly string[];
  readonly #folder: string;
  readonly #file: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#file = join(folder, 'audit.log');
    this.flags = [
      `--audit-policy-file=${join(folder, 'policy.json')}`,
      `--audit-log-path=${this.#file}`,
      '--audit-log-mode=blocking',
    ];
  }

  static async prepare(): Promise<AgentRequests> {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-bench-audit-'));
    await writeFile(join(folder, 'policy.json'), POLICY);
    return new AgentRequests(folder);
  }

  /** How many there have been. */
  async count(): Promise<number> {
    return (await readFile(this.#file, 'utf8')).split('\n').filter(Boolean).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
