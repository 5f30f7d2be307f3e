import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Contents of a ConfigMap: what a file holds, by its name. */
export type MountedFiles = ReadonlyMap<string, string | Uint8Array>;

/**
 * A folder as kubelet mounts a ConfigMap into a container (pkg/volume/util/atomic_writer.go): the data in a hidden folder
 * named after the time, a link `..data` to it, and for each file a link into `..data`. An update writes a new folder,
 * gives `..data` its place by one rename, then adds and removes links, then removes the old folder.
 */
export class ConfigMapMount {
  readonly directory: string;
  #generation = 0;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Makes the folder hold these files and no others. */
  async set(files: MountedFiles): Promise<void> {
    const link = join(this.directory, '..data');
    await mkdir(this.directory, { recursive: true });
    const before = await readdir(this.directory);
    this.#generation += 1;
    const data = `..2026_11_21_12_00_00.${this.#generation}`;
    await mkdir(join(this.directory, data));
    for (const [name, content] of files) {
      await writeFile(join(this.directory, data, name), content);
    }
    await symlink(data, `${link}_tmp`);
    await rename(`${link}_tmp`, link);
    const shown = before.filter((name) => !name.startsWith('..'));
    for (const name of [...files.keys()].filter((file) => !shown.includes(file))) {
      await symlink(join('..data', name), join(this.directory, name));
    }
    for (const name of shown.filter((file) => !files.has(file))) {
      await rm(join(this.directory, name));
    }
    for (const name of before.filter((file) => /^\.\.\d/.test(file))) {
      await rm(join(this.directory, name), { recursive: true });
    }
  }

  /** The volume is gone. */
  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true });
  }
}
