import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { crds } from './crds.ts';
import { referencePages } from './reference/pages.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** The files of a folder by name. */
function contents(folder: string): Record<string, string> {
  const files = readdirSync(join(root, folder)).map((file) => [file, readFileSync(join(root, folder, file), 'utf8')]);
  return Object.fromEntries(files) as Record<string, string>;
}

/** Wraps a value so that a failing comparison prints what to do. */
function advised(value: unknown): unknown {
  return { 'on a difference: run `npm run generate` and commit what it writes': value };
}

describe('what is generated', () => {
  it('deploy/crds holds the CRDs of the source', () => {
    const files = Object.entries(contents('deploy/crds')).map(([file, text]): [string, unknown] => [file, parse(text)]);
    const wanted = crds().map((crd): [string, unknown] => [`${crd.spec.names.plural}.yaml`, crd]);
    expect(advised(Object.fromEntries(files))).toEqual(advised(Object.fromEntries(wanted)));
  });

  it('docs/reference holds the pages of the source', () => {
    const wanted = referencePages().map(({ file, text }): [string, string] => [file, text]);
    expect(advised(contents('docs/reference'))).toEqual(advised(Object.fromEntries(wanted)));
  });
});
