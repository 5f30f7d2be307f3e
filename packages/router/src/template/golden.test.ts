import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CASES } from '../../testdata/cases.ts';
import { buildRouterView } from '../view/build.ts';
import { readTemplates } from './directory.ts';
import { compileTemplates, renderRouterConfig } from './template-set.ts';
import type { TemplateSet } from './template-set.ts';

const TESTDATA = join(import.meta.dirname, '..', '..', 'testdata');
const SHIPPED = join(import.meta.dirname, '..', '..', '..', '..', 'bird-templates');

/** `UPDATE_GOLDEN=1` writes the files anew; read the difference before you commit it. */
const isUpdate = process.env.UPDATE_GOLDEN === '1';

describe('the shipped templates', () => {
  let templates: TemplateSet;

  beforeAll(async () => {
    templates = compileTemplates(await readTemplates(SHIPPED));
  });

  it.each(Object.entries(CASES))('render %s as in its golden file', async (name, input) => {
    const intent = buildRouterView(input);
    expect(intent).toMatchObject({ type: 'configure', problems: [] });
    const text = intent.type === 'configure' ? renderRouterConfig(intent.view, templates).text : '';
    const file = join(TESTDATA, `${name}.conf`);
    if (isUpdate) {
      await writeFile(file, text);
    }
    expect(text).toBe(await readFile(file, 'utf8'));
  });

  it('have a case for each golden file', async () => {
    const files = (await readdir(TESTDATA)).filter((name) => name.endsWith('.conf'));
    expect(files.sort()).toEqual(
      Object.keys(CASES)
        .map((name) => `${name}.conf`)
        .sort(),
    );
  });
});
