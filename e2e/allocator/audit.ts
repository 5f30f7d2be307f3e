import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One write of a status, as the API server has it in its audit log. */
export interface StatusWrite {
  /** `services` or `servicegroups`. */
  readonly resource: string;
  readonly name: string;
  /** HTTP status of the answer. */
  readonly code: number;
  /** `PROGRAM/IDENTITY` for allocators. */
  readonly userAgent: string;
  /** When the API server had read the request's head, in Unix milliseconds. */
  readonly at: number;
  readonly body: unknown;
}

/** One line of the log, as far as it is read here. */
interface AuditEvent {
  readonly userAgent?: string;
  readonly objectRef?: { readonly resource?: string; readonly name?: string };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
  readonly requestObject?: unknown;
}

const POLICY = JSON.stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  omitManagedFields: true,
  rules: [
    {
      level: 'Request',
      verbs: ['patch', 'update'],
      resources: [
        { group: '', resources: ['services/status'] },
        { group: 'fairlead.dev', resources: ['servicegroups/status'] },
      ],
    },
    { level: 'None' },
  ],
});

/** The API server's own record of who wrote which status: the judge of how many writes there were. */
export class AuditLog {
  /** Of kube-apiserver. */
  readonly flags: readonly string[];
  readonly #file: string;

  private constructor(policy: string, file: string) {
    this.#file = file;
    // Blocking: a request that has been answered stands in the log.
    this.flags = [`--audit-policy-file=${policy}`, `--audit-log-path=${file}`, '--audit-log-mode=blocking'];
  }

  /** Prepares a log in the folder; it is written when an API server is started with {@link flags}. */
  static async prepare(folder: string): Promise<AuditLog> {
    const policy = join(folder, 'audit-policy.json');
    await writeFile(policy, POLICY);
    return new AuditLog(policy, join(folder, 'audit.log'));
  }

  /** Writes of statuses so far, in the order of their answers: all, or those of one allocator. */
  async writes(identity?: string): Promise<readonly StatusWrite[]> {
    const lines = (await readFile(this.#file, 'utf8')).split('\n').filter(Boolean);
    return lines
      .map((line) => JSON.parse(line) as AuditEvent)
      .map(({ userAgent = '', objectRef, responseStatus, requestReceivedTimestamp, requestObject }) => ({
        resource: objectRef?.resource ?? '',
        name: objectRef?.name ?? '',
        code: responseStatus?.code ?? 0,
        userAgent,
        at: Date.parse(requestReceivedTimestamp),
        body: requestObject,
      }))
      .filter(({ userAgent }) => identity === undefined || userAgent === `fairlead-allocator/${identity}`);
  }
}
