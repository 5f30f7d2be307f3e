import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from '@swc/core';

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

/** The few fields of swc's syntax tree that are looked at. */
interface SyntaxNode {
  readonly type?: string;
  readonly source?: { readonly value?: string };
  readonly callee?: { readonly type?: string };
  readonly arguments?: readonly { readonly expression?: { readonly value?: string } }[];
}

const DECLARATIONS: ReadonlySet<string> = new Set([
  'ImportDeclaration',
  'ExportAllDeclaration',
  'ExportNamedDeclaration',
]);

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
      const module = parseSync(readFileSync(join(folder, file), 'utf8'), { syntax: 'typescript', target: 'es2024' });
      return [...specifiersIn(module)].map((specifier) => ({ file: join(packageName, file), specifier }));
    });
}

/** What a syntax tree imports: statements that import or export from somewhere, and `import('…')`. */
function* specifiersIn(node: unknown): IterableIterator<string> {
  if (typeof node !== 'object' || node === null) {
    return;
  }
  const { type, source, callee, arguments: given } = node as SyntaxNode;
  if (type !== undefined && DECLARATIONS.has(type) && source?.value !== undefined) {
    yield source.value;
  }
  const first = Array.isArray(given) ? (given as SyntaxNode['arguments'])?.[0] : undefined;
  if (type === 'CallExpression' && callee?.type === 'Import' && first?.expression?.value !== undefined) {
    yield first.expression.value;
  }
  for (const child of Object.values(node)) {
    yield* specifiersIn(child);
  }
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

describe.each(packageNames)('package %s', (name) => {
  const imports = importsOf(name);

  it('has a rule and imports only the packages that it allows', () => {
    const allowed = MAY_IMPORT[name]?.map((other) => `@fairlead/${other}`);
    expect(allowed).toBeDefined();
    const ours = imports.filter(({ specifier }) => specifier.startsWith('@fairlead/'));
    expect(ours.filter(({ specifier }) => allowed?.includes(specifier) !== true)).toEqual([]);
  });

  it('declares in its package.json what it imports; tests may also use what the repository tests with', () => {
    const own = manifestOf(join(packagesFolder, name));
    const root = manifestOf(join(packagesFolder, '..'));
    const forAll = new Set(Object.keys({ ...own.dependencies, ...own.devDependencies }));
    const forTests = new Set([...forAll, ...Object.keys(root.devDependencies ?? {}), '@jest/globals']);
    const undeclared = imports
      .filter(({ specifier }) => !/^(\.|node:|#)/.test(specifier))
      .filter(({ file, specifier }) => !(file.endsWith('.test.ts') ? forTests : forAll).has(packageOf(specifier)));
    expect(undeclared).toEqual([]);
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
