/**
 * `npm run build`: bundles the four programs into dist/, each one file that needs nothing but Node and, for the node
 * agent, koffi's native library beside it.
 */
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Plugin } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
/** The new dist/ grows here and takes its place at once: a cluster that runs from the old one does not stumble. */
const staging = join(root, `dist.${process.pid}`);

/** Programs by their file in dist/ and the module that starts them. */
const PROGRAMS: Readonly<Record<string, string>> = {
  allocator: 'packages/allocator/src/main.ts',
  'node-agent': 'packages/node-agent/src/main.ts',
  'kubectl-fairlead': 'packages/cli/src/main.ts',
  deploy: 'deploy/generate.ts',
};

/**
 * V8's flags by program, set by the program itself before anything of it runs.
 * - Room for young objects is given back: 5 MiB less for an idle agent, 29 MiB for an allocator after 1,000 Services; and
 *   does not grow, which costs an allocator with 10,000 Services 0.1 s of its start.
 * - One optimizing compiler is enough for an allocator: without Maglev a burst of 4,000 Services takes as much processor
 *   time and leaves 3 MiB less.
 * - An agent has no use for optimized code: its work comes in bursts that are over before it is compiled, or ten times a
 *   second, where it costs more to have than to do without. The compilers and what they make take 9 MiB.
 */
const V8_FLAGS: Readonly<Record<string, readonly string[]>> = {
  allocator: ['--optimize-for-size', '--semi-space-growth-factor=1', '--no-maglev'],
  'node-agent': ['--optimize-for-size', '--semi-space-growth-factor=1', '--no-turbofan', '--no-maglev'],
};
const DEFAULT_V8_FLAGS: readonly string[] = ['--optimize-for-size'];

/** Node's oldest major version that the programs run on; older ones lack what client-node and undici need. */
const OLDEST_NODE = 24;

/**
 * Stands first in each program: an older Node gets one sentence instead of a stack trace, and CommonJS packages inside
 * the ES module get the `require` that they call for Node's own modules.
 */
const BANNER: readonly string[] = [
  "import { createRequire as fairleadRequire } from 'node:module';",
  `if (Number.parseInt(process.versions.node, 10) < ${OLDEST_NODE}) {`,
  `  console.error('Fairlead needs Node ${OLDEST_NODE} or later; this is ' + process.version + '. A checkout has one in node_modules/.bin.');`,
  '  process.exit(1);',
  '}',
  'const require = fairleadRequire(import.meta.url);',
];

/**
 * Makes imports of Node's own modules calls of `require`. An ES import of one reads every export it has, and some of
 * those are getters that load what nobody uses: `node:http` alone then brings fetch and WebSocket, 8 MiB of memory.
 */
const requireBuiltins: Plugin = {
  name: 'require-builtins',
  setup(bundler) {
    bundler.onResolve({ filter: /^(node:)?[a-z0-9_/]+$/ }, ({ path, kind }) =>
      kind === 'import-statement' && isBuiltin(path) ? { path, namespace: 'builtin' } : undefined,
    );
    bundler.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
    }));
  },
};

/** HTTP/2 is off in packages/kube (one slow reader would hold up all watches), so its 4 MiB need not be loaded. */
const withoutHttp2: Plugin = {
  name: 'without-http2',
  setup(bundler) {
    bundler.onLoad({ filter: /undici\/lib\/dispatcher\/client-h2\.js$/ }, () => ({
      contents: "module.exports = () => { throw new Error('this program is built without HTTP/2'); };",
    }));
  },
};

async function bundle(name: string, entry: string): Promise<void> {
  const flags = V8_FLAGS[name] ?? DEFAULT_V8_FLAGS;
  await build({
    entryPoints: [join(root, entry)],
    outfile: join(staging, `${name}.mjs`),
    bundle: true,
    platform: 'node',
    // Only the syntax: an older Node must come as far as the sentence above.
    target: 'node20',
    format: 'esm',
    plugins: [requireBuiltins, withoutHttp2],
    banner: { js: [...BANNER, ...flags.map((flag) => `require('node:v8').setFlagsFromString('${flag}');`)].join('\n') },
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: false,
    legalComments: 'linked',
    logLevel: 'warning',
  });
}

await mkdir(staging, { recursive: true });
const wanted = Object.entries(PROGRAMS).filter(([, entry]) => existsSync(join(root, entry)));
await Promise.all(wanted.map(([name, entry]) => bundle(name, entry)));

// koffi looks for its native library as a package; node_modules beside them is where Node finds one from dist/*.mjs.
const natives = join('node_modules', '@koromix');
await cp(join(root, natives), join(staging, natives), { recursive: true });

const former = `${staging}.former`;
await rename(dist, former).catch(() => {});
await rename(staging, dist);
await rm(former, { recursive: true, force: true });
