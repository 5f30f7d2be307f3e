import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildRouterView, compileTemplates, readTemplates, renderRouterConfig, resetsOf } from '@fairlead/router';
import type { TemplateSet } from '@fairlead/router';
import * as fc from 'fast-check';
import { seedOfRun } from '../kube/random.ts';
import { routerInputs } from './random-router.ts';

const SHIPPED = join(import.meta.dirname, '..', '..', 'bird-templates');
/** So many Routers are checked by BIRD; FAIRLEAD_RUNS says another number, and FAIRLEAD_SEED plays a run again. */
const CHECKED = Number(process.env['FAIRLEAD_RUNS'] ?? 60);
/** So many times more are only rendered. */
const RENDERED_PER_CHECK = 5;

const bird = promisify(execFile);

describe('a Router that the API server takes', () => {
  const seed = seedOfRun();
  let templates: TemplateSet;
  let folder: string;

  beforeAll(async () => {
    console.log(`random Routers with FAIRLEAD_SEED=${seed}`);
    templates = compileTemplates(await readTemplates(SHIPPED));
    folder = await mkdtemp(join(tmpdir(), 'fairlead-fuzz-'));
  });

  afterAll(() => rm(folder, { recursive: true }));

  /** The configuration of what was drawn; undefined where nothing is configured, which has its reason. */
  function render(input: Parameters<typeof buildRouterView>[0]): string | undefined {
    const intent = buildRouterView(input);
    for (const { object, path, sentence } of intent.problems) {
      expect(path).toMatch(/^(spec|metadata|data)\./);
      expect(sentence).toContain(`${object.kind} ${object.name}: ${path}: `);
    }
    if (intent.type !== 'configure') {
      expect(intent.problems.length).toBeGreaterThan(0);
      return undefined;
    }
    const { text } = renderRouterConfig(intent.view, templates);
    // Nothing is reset by what changes nothing, whatever there is in it.
    expect(resetsOf(text, `${text}# the end\n`)).toEqual([]);
    return text;
  }

  it('is configured or refused with the field named', () => {
    let configured = 0;
    fc.assert(
      fc.property(routerInputs, (input) => {
        configured += render(input) === undefined ? 0 : 1;
      }),
      { seed, numRuns: CHECKED * RENDERED_PER_CHECK },
    );
    expect(configured).toBeGreaterThan(CHECKED * (RENDERED_PER_CHECK / 2));
  }, 120_000);

  it('makes a file that BIRD takes', async () => {
    const file = join(folder, 'bird.conf');
    const property = fc.asyncProperty(routerInputs, async (input) => {
      const text = render(input);
      if (text === undefined) {
        return;
      }
      await writeFile(file, text);
      await bird('bird', ['-p', '-c', file]).catch((error: unknown) => {
        const place = /bird\.conf:(\d+)/.exec(String(error))?.[1];
        throw new Error(`BIRD refuses ${text.split('\n')[Number(place) - 1] ?? 'the file'}`, { cause: error });
      });
    });
    await expect(fc.assert(property, { seed, numRuns: CHECKED })).resolves.toBeUndefined();
  }, 120_000);
});
