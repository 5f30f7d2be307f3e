import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigFiles } from './config-files.ts';

describe('ConfigFiles', () => {
  let folder: string;
  let files: ConfigFiles;
  const path = (name: string): string => join(folder, name);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-files-'));
    files = new ConfigFiles(folder, 'bird.conf');
    await files.stage('first');
    await files.swap();
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('knows its own file again, when it has been confirmed and restored too', async () => {
    expect(await files.change()).toBe('same');
    await files.confirm();
    expect(await files.change()).toBe('same');
    await files.stage('second');
    await files.swap();
    expect(await files.restore()).toBe(true);
    expect(await files.live()).toBe('first');
    expect(await files.change()).toBe('same');
  });

  it.each<[string, () => Promise<void>]>([
    ['of another size', () => writeFile(path('bird.conf'), 'by hand')],
    ['of another time', () => utimes(path('bird.conf'), 1, 1)],
  ])('sees one %s', async (_, change) => {
    await change();
    expect(await files.change()).toBe('changed');
    await files.live();
    expect(await files.change()).toBe('same');
  });

  it('sees that it is gone, and the folder too', async () => {
    await rm(path('bird.conf'));
    expect(await files.change()).toBe('gone');
    await rm(folder, { recursive: true });
    expect(await files.change()).toBe('gone');
    expect(await files.live()).toBeUndefined();
  });

  it('has nothing to restore before anything was accepted', async () => {
    expect(await files.restore()).toBe(false);
    expect(await readFile(path('bird.conf'), 'utf8')).toBe('first');
  });
});
