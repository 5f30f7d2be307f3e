import { join } from 'node:path';
import type { LabProcess } from './process.ts';
import type { Run } from './run.ts';

/** What a backend is told. */
export interface BackendOptions {
  readonly pod: string;
  readonly node: string;
  /** Where it listens, TCP and UDP. */
  readonly addresses: readonly string[];
  readonly port: number;
}

/** The JSON that a backend answers over HTTP. */
export interface BackendAnswer {
  readonly pod: string;
  readonly node: string;
  /** The client's address as the backend sees it. */
  readonly source: string;
  readonly path: string;
}

/** Starts a backend in a namespace and returns when it listens. */
export async function startBackend(run: Run, namespace: string, options: BackendOptions): Promise<LabProcess> {
  const program = join(import.meta.dirname, 'programs', 'backend.ts');
  const backend = run.spawn(
    options.pod,
    [process.execPath, '--max-semi-space-size=1', program, JSON.stringify(options)],
    { namespace },
  );
  await backend.waitForLog(/^ready$/m);
  return backend;
}
