import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FRR_CASES } from '../../testdata-frr/cases.ts';
import { readTemplates } from '../template/directory.ts';
import { compileTemplates, renderRouterConfig } from '../template/template-set.ts';
import type { TemplateSet } from '../template/template-set.ts';
import { buildRouterView } from '../view/build.ts';
import { findForeignCommand } from './fence.ts';
import { findUnindented, parseStatements } from './statements.ts';

const TESTDATA = join(import.meta.dirname, '..', '..', 'testdata-frr');
const SHIPPED = join(import.meta.dirname, '..', '..', '..', '..', 'bird-templates');

/** `UPDATE_GOLDEN=1` writes the files anew; read the difference before you commit it. */
const isUpdate = process.env.UPDATE_GOLDEN === '1';

describe('the shipped templates of FRR', () => {
  let templates: TemplateSet;

  beforeAll(async () => {
    templates = compileTemplates(await readTemplates(SHIPPED), 'frr.conf.hbs');
  });

  it.each(Object.entries(FRR_CASES))('render %s as in its golden file', async (name, input) => {
    const intent = buildRouterView(input);
    expect(intent).toMatchObject({ type: 'configure', daemon: 'FRR', problems: [] });
    const text = intent.type === 'configure' ? renderRouterConfig(intent.view, templates).text : '';
    const file = join(TESTDATA, `${name}.conf`);
    if (isUpdate) {
      await writeFile(file, text);
    }
    expect(text).toBe(await readFile(file, 'utf8'));
    // What these would refuse must not be shipped.
    expect(findUnindented(parseStatements(text))).toBeUndefined();
    expect(findForeignCommand(text, '/run/fairlead/router')).toBeUndefined();
  });

  it('have a case for each golden file', async () => {
    const files = (await readdir(TESTDATA)).filter((name) => name.endsWith('.conf'));
    expect(files.sort()).toEqual(
      Object.keys(FRR_CASES)
        .map((name) => `${name}.conf`)
        .sort(),
    );
  });
});
