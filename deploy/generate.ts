/**
 * Prints or writes what is generated from packages/api: the CustomResourceDefinitions in deploy/crds and the reference in
 * docs/reference.
 *
 *     node deploy/generate.ts [crds]         print the CRDs, for `kubectl apply -f -`
 *     node deploy/generate.ts reference      print the reference
 *     node deploy/generate.ts --write [DIR]  write deploy/crds and docs/reference in DIR, or here (`npm run generate`)
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crds, referencePages } from '@fairlead/api';
import type { CustomResourceDefinition } from '@fairlead/api';
import { stringify } from 'yaml';

const USAGE = `usage: deploy [crds]         print the CustomResourceDefinitions, for kubectl apply -f -
       deploy reference      print the reference of the custom resources
       deploy --write [DIR]  write deploy/crds and docs/reference in DIR, or here
`;

const HEADER = '# Generated from packages/api by `npm run generate`; edit there.\n';

function crdText(crd: CustomResourceDefinition): string {
  // Without anchors: kubectl reads them, people and some tools do not.
  return HEADER + stringify(crd, { lineWidth: 0, aliasDuplicateObjects: false });
}

interface GeneratedFile {
  readonly folder: string;
  readonly file: string;
  readonly text: string;
}

function generatedFiles(): GeneratedFile[] {
  return [
    ...crds().map((crd) => ({
      folder: join('deploy', 'crds'),
      file: `${crd.spec.names.plural}.yaml`,
      text: crdText(crd),
    })),
    ...referencePages().map(({ file, text }) => ({ folder: join('docs', 'reference'), file, text })),
  ];
}

/** Writes every generated file below a folder and removes what a former source left there. */
async function write(root: string): Promise<void> {
  const files = generatedFiles();
  for (const folder of new Set(files.map((entry) => entry.folder))) {
    await mkdir(join(root, folder), { recursive: true });
    const wanted = new Set(files.filter((entry) => entry.folder === folder).map(({ file }) => file));
    const stale = (await readdir(join(root, folder))).filter((file) => !wanted.has(file));
    await Promise.all(stale.map((file) => rm(join(root, folder, file))));
  }
  await Promise.all(files.map(({ folder, file, text }) => writeFile(join(root, folder, file), text)));
}

async function main([command = 'crds', directory, ...rest]: readonly string[]): Promise<number> {
  if (rest.length > 0 || (directory !== undefined && command !== '--write')) {
    process.stderr.write(USAGE);
    return 2;
  }
  switch (command) {
    case 'crds':
      process.stdout.write(
        crds()
          .map((crd) => crdText(crd))
          .join('---\n'),
      );
      return 0;
    case 'reference':
      process.stdout.write(
        referencePages()
          .map(({ text }) => text)
          .join('\n'),
      );
      return 0;
    case '--write':
      await write(directory ?? '.');
      return 0;
    case '--help':
      process.stdout.write(USAGE);
      return 0;
    default:
      process.stderr.write(USAGE);
      return 2;
  }
}

process.exitCode = await main(process.argv.slice(2));
