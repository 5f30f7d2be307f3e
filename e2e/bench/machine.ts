import { cpus, release, totalmem } from 'node:os';

/** The machine in words: what figures depend on. */
export function machine(): string {
  const [cpu] = cpus();
  const gib = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), ${gib} GiB, Linux ${release()}, Node ${process.versions.node}`;
}
