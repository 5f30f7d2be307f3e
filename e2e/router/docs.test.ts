import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Router } from '@fairlead/api';
import {
  buildRouterView,
  compileTemplates,
  readTemplates,
  renderRouterConfig,
  RouterController,
} from '@fairlead/router';
import type { RouterIntent } from '@fairlead/router';
import { parseAllDocuments } from 'yaml';
import type { Run } from '../lab/index.ts';
import { mustAccept } from './accept.ts';
import { Fib } from './fib.ts';
import { areEstablished, statusOf } from './status.ts';
import { birdFolder, group, neighbor, NODE, NODE_FACTS, router, spawnBird, startTopology, TOR } from './topology.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const TEMPLATES = join(ROOT, 'bird-templates');
const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** The first block of a language in a page of docs/routing. */
async function block(page: string, language: string): Promise<string> {
  const text = await readFile(join(ROOT, 'docs', 'routing', page), 'utf8');
  const found = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(text)?.[1];
  if (found === undefined) {
    throw new Error(`${page} has no block of ${language}`);
  }
  return found;
}

/** The Router of the guide, with the defaults that the API server fills in. */
async function documentedRouter(): Promise<Router> {
  const written = parseAllDocuments(await block('README.md', 'yaml'))[0]?.toJS() as Router;
  const [first] = written.spec.bgp?.neighbors ?? [];
  if (first === undefined) {
    throw new Error('the Router of the guide has no neighbor');
  }
  return { ...router([neighbor(first)]), metadata: written.metadata };
}

function configured(intent: RouterIntent): Extract<RouterIntent, { type: 'configure' }> {
  expect(intent).toMatchObject({ type: 'configure', problems: [] });
  if (intent.type !== 'configure') {
    throw new Error('not configured');
  }
  return intent;
}

describe('the guide to routing', () => {
  let run: Run;
  let controller: RouterController;
  let torFib: Fib;

  beforeAll(async () => {
    run = await startTopology();
    torFib = await Fib.open(run.namespacePath(TOR));
    await mkdir(birdFolder(run, TOR));
    await writeFile(join(birdFolder(run, TOR), 'bird.conf'), await block('README.md', 'bird'));
    spawnBird(run, TOR);
    controller = new RouterController({ directory: birdFolder(run, NODE), templateDirectory: TEMPLATES, logger });
    controller.update(
      buildRouterView({
        router: await documentedRouter(),
        serviceGroups: [group('virtual', ['10.1.0.0/24', '2001:db8:5::/64'])],
        secrets: new Map(),
        node: NODE_FACTS,
      }),
    );
    await statusOf(controller, ({ configuration }) => configuration.type === 'waiting');
    spawnBird(run, NODE);
  }, 30_000);

  afterAll(async () => {
    await controller?.close();
    await torFib?.[Symbol.asyncDispose]();
    await run?.close();
  }, 30_000);

  it('has samples for node and ToR that work together, for both families', async () => {
    await statusOf(controller, areEstablished('tor'));
    const lines = ['10.1.0.5/32', '2001:db8:5::5/128'].map((prefix) => `route add ${prefix} dev kube-lb0 proto 201`);
    await run.exec(['ip', '-batch', '-'], { namespace: NODE, stdin: lines.join('\n') });
    await Promise.all([torFib.until('new', '10.1.0.5/32'), torFib.until('new', '2001:db8:5::5/128')]);
    expect(await torFib.prefixes()).toEqual(expect.arrayContaining(['10.1.0.5/32', '2001:db8:5::5/128']));
  }, 30_000);

  it('names commands that show what it says', async () => {
    const page = await readFile(join(ROOT, 'docs', 'routing', 'README.md'), 'utf8');
    const commands = [...page.matchAll(/^\|.*?`((?:ip|birdc) [^`]+)`/gm)].map(([, command = '']) => command);
    expect(commands).toHaveLength(3);
    for (const command of commands) {
      const here = command.replace('/run/fairlead/router', birdFolder(run, NODE)).split(' ');
      const shows = command.includes('protocols') ? /bgp_tor .* Established/ : /10\.1\.0\.5/;
      expect(await run.exec(here, { namespace: NODE })).toMatch(shows);
    }
  });

  it('takes sysctls that the kernel has', async () => {
    for (const line of (await block('README.md', 'sysctl')).trim().split('\n')) {
      const [name = '', value = ''] = line.split(' = ');
      await run.exec(['sysctl', '-qw', `${name}=${value}`], { namespace: TOR });
      expect((await run.exec(['sysctl', '-n', name], { namespace: TOR })).trim()).toBe(value);
    }
  });
});

describe('the guide to templates', () => {
  it('lists every name of the view model, and no other', async () => {
    const page = await readFile(join(ROOT, 'docs', 'routing', 'templates.md'), 'utf8');
    const table = page.slice(page.search(/^\| name /m), page.indexOf('`variables` are printed'));
    const rows = table.split('\n').filter((row) => /^\| (…|`)/.test(row));
    let list = '';
    const documented = rows.flatMap((row) => {
      const cells = row.split('|');
      const names = [...(cells[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
      const isInList = row.startsWith('| …');
      list = isInList ? list : (names[0] ?? '');
      const inner = [...(cells[2] ?? '').matchAll(/list of ((?:`\w+`(?:, )?)+)|lists of ((?:`\w+`(?:, )?)+)/g)];
      const fields = inner.flatMap(([, one, many]) =>
        [...(one ?? many ?? '').matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
      );
      return names.flatMap((name) => {
        const path = isInList ? `${list}.${name}` : name;
        return fields.length === 0 ? [path] : fields.map((field) => `${path}.${field}`);
      });
    });
    const full = configured(
      buildRouterView({
        router: router([neighbor({ name: 'tor' })], {
          ospf: {
            areas: [
              { id: '0', type: 'Normal', interfaces: [{ ...OSPF_ETH0, bfd: { interval: '1s', multiplier: 3 } }] },
            ],
            metric: 20,
            metricType: 'Type2',
          },
          rip: {
            interfaces: [{ name: 'eth0', updateInterval: '30s', passwordID: 1, passwordAlgorithm: 'MD5' }],
            metric: 1,
          },
        }),
        serviceGroups: [group('web', ['10.1.0.0/24', '2001:db8:5::/64'], { communities: ['64512:1', '64512:1:2'] })],
        secrets: new Map(),
        node: NODE_FACTS,
      }),
    ).view;
    expect([...new Set(documented)].filter((name) => !isContainer(name)).sort()).toEqual([...paths(full)].sort());
  });

  it('has an example that BIRD accepts, and that is nothing without its variable', async () => {
    const files = new Map(await readTemplates(TEMPLATES));
    const main = files.get('bird.conf.hbs') ?? '';
    files.set('static.hbs', await block('templates.md', 'bird-template'));
    files.set('bird.conf.hbs', `${main}{{> static}}\n`);
    const templates = compileTemplates(files);
    const render = (variables?: Record<string, string>): string =>
      renderRouterConfig(
        configured(
          buildRouterView({
            router: router([neighbor({ name: 'tor' })], variables === undefined ? {} : { variables }),
            serviceGroups: [],
            secrets: new Map(),
            node: NODE_FACTS,
          }),
        ).view,
        templates,
      ).text;
    expect(render()).not.toContain('198.51.100.0/24');
    const text = render({ gateway: '192.0.2.254' });
    expect(text).toContain('route 198.51.100.0/24 via 192.0.2.254;');
    await expect(mustAccept(text)).resolves.toMatchObject({ stderr: '' });
  });
});

/** Lists that the table introduces by their name alone. */
function isContainer(name: string): boolean {
  return ['bgp.neighbors', 'ospf.areas', 'ospf.areas.interfaces', 'rip.interfaces', 'groups'].includes(name);
}

const OSPF_ETH0 = {
  name: 'eth0',
  cost: 10,
  priority: 0,
  helloInterval: '10s',
  deadInterval: '40s',
  type: 'Broadcast',
  passive: false,
  passwordID: 1,
  passwordAlgorithm: 'MD5',
} as const;

/** Paths of all texts in a view, through lists. */
function paths(value: unknown, prefix = ''): Set<string> {
  if (Array.isArray(value)) {
    return new Set(value.flatMap((item) => Array.from(paths(item, prefix))));
  }
  if (typeof value === 'object' && value !== null && prefix !== 'variables') {
    const entries = Object.entries(value);
    return new Set(
      entries.flatMap(([key, inner]) => Array.from(paths(inner, prefix === '' ? key : `${prefix}.${key}`))),
    );
  }
  return new Set([prefix]);
}
