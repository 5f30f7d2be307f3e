import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { buildLibrary, findUml, umlExists } from '../tools/uml.ts';

const run = promisify(execFile);

const whereItExists = umlExists() ? describe : describe.skip;

whereItExists('the library that is preloaded into User-mode Linux', () => {
  test('gives a host with AMX as many registers as it wants', async () => {
    const { xstate } = await findUml();
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-xstate-'));
    try {
      const check = join(folder, 'check.so');
      await buildLibrary(join(import.meta.dirname, 'guest', 'xstate-check.c'), check);
      const preloading = async (...libraries: string[]): Promise<number> =>
        run('/bin/true', [], { env: { LD_PRELOAD: libraries.join(' ') } }).then(
          () => 0,
          ({ code }: { code: number }) => code,
        );
      expect(await preloading(check)).toBe(3); // the host refuses
      expect(await preloading(xstate, check)).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
