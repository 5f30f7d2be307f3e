import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lab } from '@fairlead/e2e/lab';
import { service, VIRTUAL_GROUP } from '../../scene/manifests.ts';
import { createService, deleteService, untilAddresses } from '../../scene/observe.ts';
import type { Figure } from '../figures.ts';
import { wait } from '../footprint/usage-over.ts';
import { progress } from '../output.ts';

const ACCOUNTS = ['allocator', 'node-agent'] as const;
type Account = (typeof ACCOUNTS)[number];

const POLICY = JSON.stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [
    {
      level: 'Metadata',
      users: ACCOUNTS.map((name) => `system:serviceaccount:fairlead-system:fairlead-${name}`),
      verbs: ['get', 'list', 'create', 'update', 'patch', 'delete'],
    },
    { level: 'None' },
  ],
});

/** Services that come one at a time, with time between them for all that follows. */
const ALONE = 4;
const ALONE_MS = 5_000;
/** Services that come in a row, as fast as one client makes them. */
const ROW = 200;
/** Whatever follows from the last one has been written by then. */
const QUIET_MS = 5_000;

/** One line of the API server's audit log, as far as it is read here. */
interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource?: string; readonly name?: string };
}

/** What Fairlead asks of the API server for virtual addresses, by the API server's own record. */
export class Requests implements AsyncDisposable {
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

  static async prepare(): Promise<Requests> {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-bench-audit-'));
    await writeFile(join(folder, 'policy.json'), POLICY);
    return new Requests(folder);
  }

  /** Requests a Service of the allocator, and requests of each agent, for Services that come alone and in a row. */
  async measure(lab: Lab): Promise<Figure[]> {
    progress(`${ALONE} Services, each alone`);
    const alone = await this.#during(async () => {
      for (let index = 0; index < ALONE; index += 1) {
        await createOne(lab, `alone-${index}`);
        await wait(ALONE_MS);
      }
    });
    progress(`${ROW} Services in a row`);
    const row = await this.#during(async () => {
      for (let index = 0; index < ROW; index += 1) {
        await createOne(lab, `row-${index}`);
      }
      await wait(QUIET_MS);
    });
    for (const name of [...names('alone', ALONE), ...names('row', ROW)]) {
      await deleteService(lab, name);
    }
    const nodes = lab.nodes.length;
    return [
      {
        // Its events wait for a quiet moment, so those of earlier Services would be among them.
        what: `API requests for a virtual Service, ${nodes} nodes: the allocator, its one event aside`,
        value: of('allocator', row).filter(({ objectRef }) => objectRef?.resource === 'services').length / ROW,
        unit: 'requests',
        atMost: 1.01,
      },
      {
        what: 'API requests for a virtual Service that comes alone: each agent',
        value: of('node-agent', alone).length / ALONE / nodes,
        unit: 'requests',
        atMost: 1.5,
      },
      {
        what: `API requests for ${ROW} virtual Services in a row: each agent`,
        value: of('node-agent', row).length / nodes,
        unit: 'requests',
        atMost: 8,
      },
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** What was asked for during the work, but for Leases by which processes live. */
  async #during(work: () => Promise<void>): Promise<readonly AuditEvent[]> {
    const before = (await this.#all()).length;
    await work();
    const events = (await this.#all()).slice(before).filter(({ objectRef }) => objectRef?.resource !== 'leases');
    process.stderr.write(`${breakdown(events)}\n`);
    return events;
  }

  async #all(): Promise<readonly AuditEvent[]> {
    const lines = (await readFile(this.#file, 'utf8')).split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as AuditEvent);
  }
}

async function createOne(lab: Lab, name: string): Promise<void> {
  await createService(lab, service({ name, group: VIRTUAL_GROUP, families: 'IPv4', app: 'nothing' }));
  await untilAddresses(lab, name, 1);
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

function of(account: Account, events: readonly AuditEvent[]): readonly AuditEvent[] {
  return events.filter(({ user }) => user.username.endsWith(`:fairlead-${account}`));
}

function breakdown(events: readonly AuditEvent[]): string {
  const counts = Map.groupBy(
    events,
    ({ user, verb, objectRef }) => `${user.username.split(':').at(-1)}: ${verb} ${objectRef?.resource ?? '?'}`,
  );
  return [...counts].map(([what, all]) => `    ${what}: ${all.length}`).join('\n');
}
