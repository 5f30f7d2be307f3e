import { existsSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the two versions of cgroups call the same things. */
interface Hierarchy {
  readonly root: string;
  readonly limit: string;
  /** The file that counts kills, as `oom_kill N`. */
  readonly counts: string;
}

const HIERARCHIES: readonly Hierarchy[] = [
  { root: '/sys/fs/cgroup', limit: 'memory.max', counts: 'memory.events' },
  { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes', counts: 'memory.oom_control' },
];

/**
 * A memory cgroup of the machine, as a container runtime makes one. What a process has when it comes stays counted where
 * it was; what it takes from then on is counted here.
 */
export class MemoryCgroup implements AsyncDisposable {
  readonly #hierarchy: Hierarchy;
  readonly #path: string;

  private constructor(hierarchy: Hierarchy, path: string) {
    this.#hierarchy = hierarchy;
    this.#path = path;
  }

  /** Makes one, in version 2 or 1, whichever has the memory controller. @throws {Error} where neither can be had */
  static async create(name: string): Promise<MemoryCgroup> {
    for (const hierarchy of HIERARCHIES) {
      const path = join(hierarchy.root, name);
      const made = await mkdir(path).then(
        () => true,
        () => false,
      );
      if (made && existsSync(join(path, hierarchy.limit))) return new MemoryCgroup(hierarchy, path);
      if (made) await rmdir(path);
    }
    throw new Error(
      `no memory cgroup can be made: neither ${HIERARCHIES.map(({ root }) => root).join(' nor ')} has a memory ` +
        'controller that is writable; on cgroup v2 `echo +memory > /sys/fs/cgroup/cgroup.subtree_control`',
    );
  }

  /** How many bytes its processes may take. */
  async limit(bytes: number): Promise<void> {
    await this.#write(this.#hierarchy.limit, bytes);
  }

  /** Brings a process in, with all its threads. */
  async take(pid: number): Promise<void> {
    await this.#write('cgroup.procs', pid);
  }

  /** How many of its processes the OOM killer has ended. */
  async kills(): Promise<number> {
    const text = await readFile(join(this.#path, this.#hierarchy.counts), 'utf8');
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1]);
  }

  /** Removes it; its processes have to have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await rmdir(this.#path);
  }

  async #write(file: string, value: number): Promise<void> {
    await writeFile(join(this.#path, file), String(value));
  }
}
