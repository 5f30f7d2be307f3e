import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTemplates } from './directory.ts';
import { TemplateError } from './error.ts';

/** Gives the directory another content, as kubelet does it. */
async function publish(directory: string, version: number): Promise<void> {
  const folder = join(directory, `..v${version}`);
  await mkdir(folder);
  for (let index = 0; index < 20; index += 1) {
    await writeFile(join(folder, `${index}.hbs`), `${version}`);
  }
  await symlink(`..v${version}`, join(directory, '..tmp'));
  await rename(join(directory, '..tmp'), join(directory, '..data'));
  if (version > 0) {
    await rm(join(directory, `..v${version - 1}`), { recursive: true });
  }
}

describe('a directory of templates', () => {
  let directory: string;
  const write = (name: string, content: string | Uint8Array): Promise<void> =>
    writeFile(join(directory, name), content);

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'fairlead-templates-'));
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function errorOf(): Promise<TemplateError> {
    try {
      await readTemplates(directory);
    } catch (error) {
      if (error instanceof TemplateError) {
        return error;
      }
      throw error;
    }
    throw new Error('no error');
  }

  it('is every file of that name, empty ones too, and nothing else', async () => {
    await write('b.hbs', 'two');
    await write('a.hbs', '');
    await write('README.md', 'no');
    await mkdir(join(directory, 'below'));
    expect([...(await readTemplates(directory))]).toEqual([
      ['a.hbs', ''],
      ['b.hbs', 'two'],
    ]);
  });

  it('that is not there is said to be missing', async () => {
    await rm(directory, { recursive: true });
    expect((await errorOf()).message).toContain('they are missing; look at --template-directory');
  });

  it.each([
    [
      'a file of two gigabytes',
      async () => truncate(join(directory, 'a.hbs'), 2 ** 31),
      /a\.hbs is larger than 256 KiB/,
    ],
    [
      'many files that are large together',
      async () => {
        for (const name of ['b', 'c', 'd', 'e', 'f']) {
          await write(`${name}.hbs`, 'x'.repeat(250_000));
        }
      },
      /larger than 1024 KiB together/,
    ],
    ['a folder', async () => mkdir(join(directory, 'b.hbs')), /b\.hbs is no file/],
    [
      'a pipe that nobody writes into',
      async () => {
        execFileSync('mkfifo', [join(directory, 'b.hbs')]);
      },
      /b\.hbs is no file/,
    ],
  ])('is refused with %s in it', async (_, prepare, message) => {
    await write('a.hbs', '');
    await prepare();
    expect((await errorOf()).message).toMatch(message);
  });

  it('names the line that is no text', async () => {
    await write('a.hbs', Buffer.from('one\nt\xfco\nthree', 'latin1'));
    expect(await errorOf()).toMatchObject({ at: { file: 'a.hbs', line: 2 } });
  });

  it('is of one version, whenever it changes', async () => {
    await publish(directory, 0);
    for (let index = 0; index < 20; index += 1) {
      await symlink(`..data/${index}.hbs`, join(directory, `${index}.hbs`));
    }
    let version = 0;
    for (let round = 0; round < 20; round += 1) {
      version += 1;
      const [files] = await Promise.all([readTemplates(directory), publish(directory, version)]);
      expect(new Set(files.values()).size).toBe(1);
    }
  });
});
