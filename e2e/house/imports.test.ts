import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Which packages of this repository each package may import. Pure packages stay pure because nothing else is in reach. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  api: [],
  kube: ['api'],
  runtime: [],
  netlink: [],
  ipam: ['api'],
  netbox: ['api', 'ipam'],
  allocator: ['api', 'kube', 'runtime', 'ipam', 'netbox'],
  'node-agent': ['api', 'kube', 'runtime', 'netlink', 'router'],
  router: ['api'],
  cli: ['api', 'kube', 'ipam'],
};

/** The one package that may load the FFI library. */
const FFI_OWNER = 'netlink';

const packagesFolder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'packages');
const packageNames = readdirSync(packagesFolder);

interface Import {
  readonly file: string;
  readonly specifier: string;
}

function importsOf(packageName: string): Import[] {
  const folder = join(packagesFolder, packageName);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('node_modules'))
    .flatMap((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      const specifiers = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"]+)['"]/g);
      return [...specifiers].map(([, specifier = '']) => ({ file: join(packageName, file), specifier }));
    });
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

describe.each(packageNames)('package %s', (name) => {
  const imports = importsOf(name);

  it('has a rule and imports only the packages that it allows', () => {
    const allowed = MAY_IMPORT[name]?.map((other) => `@fairlead/${other}`);
    expect(allowed).toBeDefined();
    const ours = imports.filter(({ specifier }) => specifier.startsWith('@fairlead/'));
    expect(ours.filter(({ specifier }) => allowed?.includes(specifier) !== true)).toEqual([]);
  });

  it('declares in its package.json what it imports', () => {
    const manifest = JSON.parse(readFileSync(join(packagesFolder, name, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
      devDependencies?: Record<string, string>;
    };
    const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }));
    const bare = imports.filter(({ specifier }) => !/^(\.|node:|#)/.test(specifier));
    expect(bare.filter(({ specifier }) => !declared.has(packageOf(specifier)))).toEqual([]);
  });

  it('reaches no file of another package by a path', () => {
    const folder = join(packagesFolder, name);
    const escapes = imports.filter(({ file, specifier }) => {
      const target = join(packagesFolder, dirname(file), specifier);
      return specifier.startsWith('.') && relative(folder, target).startsWith('..');
    });
    expect(escapes).toEqual([]);
  });

  it('leaves foreign functions to the netlink package', () => {
    const ffi = imports.filter(({ specifier }) => /koffi/.test(specifier));
    expect(name === FFI_OWNER ? [] : ffi).toEqual([]);
  });
});
