/**
 * `npm run build`: bundles the four programs into dist/, each one file that needs nothing but Node and, for the node
 * agent, koffi's native library beside it.
 */
import { cp, mkdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');

/** Programs by their file in dist/ and the module that starts them. */
const PROGRAMS: Readonly<Record<string, string>> = {
  allocator: 'packages/allocator/src/main.ts',
  'node-agent': 'packages/node-agent/src/main.ts',
  'kubectl-fairlead': 'packages/cli/src/main.ts',
  deploy: 'deploy/generate.ts',
};

/** CommonJS packages inside an ES module bundle call `require` for Node's own modules; this gives it to them. */
const BANNER =
  "import { createRequire as fairleadRequire } from 'node:module'; const require = fairleadRequire(import.meta.url);";

async function bundle(name: string, entry: string): Promise<void> {
  await build({
    entryPoints: [join(root, entry)],
    outfile: join(dist, `${name}.mjs`),
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    banner: { js: BANNER },
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: false,
    legalComments: 'linked',
    logLevel: 'warning',
  });
}

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
const wanted = Object.entries(PROGRAMS).filter(([, entry]) => existsSync(join(root, entry)));
await Promise.all(wanted.map(([name, entry]) => bundle(name, entry)));

// koffi looks for its native library as a package; dist/node_modules is where Node finds one from dist/*.mjs.
const natives = join('node_modules', '@koromix');
await cp(join(root, natives), join(dist, natives), { recursive: true });
