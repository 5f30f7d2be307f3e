import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crds, parseAddress } from '@fairlead/api';
import type { Router } from '@fairlead/api';
import { buildRouterView, compileTemplates, readTemplates, renderRouterConfig } from '@fairlead/router';
import { parseAllDocuments } from 'yaml';
import { mustAccept } from './accept.ts';
import { group } from './topology.ts';

const ROOT = join(import.meta.dirname, '..', '..');

interface Schema {
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** The value with what the API server fills in. */
function withDefaults(value: unknown, schema: Schema): unknown {
  if (Array.isArray(value)) {
    return value.map((item: unknown) => withDefaults(item, schema.items ?? {}));
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const given = Object.entries(value);
  const names = new Set(given.map(([name]) => name));
  const missing = Object.entries(schema.properties ?? {}).filter(
    ([name, field]) => !names.has(name) && field.default !== undefined,
  );
  const all = [...given, ...missing.map(([name, field]) => [name, field.default] as const)];
  return Object.fromEntries(
    all.map(([name, inner]) => [name, withDefaults(inner, schema.properties?.[name] ?? {})] as const),
  );
}

const SCHEMA = crds().find(({ spec }) => spec.names.kind === 'Router')?.spec.versions[0]?.schema.openAPIV3Schema as
  Schema | undefined;

const page = await readFile(join(ROOT, 'docs', 'routing', 'protocols.md'), 'utf8');
const documents = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].flatMap(([, text = '']) =>
  parseAllDocuments(text).map((document) => document.toJS() as { readonly kind: string } & Router),
);
const routers = documents.filter(({ kind }) => kind === 'Router').map((each) => [each.metadata.name, each] as const);

describe('the page about protocols', () => {
  it('has samples of all protocols', () => {
    expect(routers.map(([name]) => name)).toEqual(['own-numbers', 'unnumbered', 'far', 'ospf', 'rip']);
  });

  it.each(routers)('has a Router %s that needs nothing more', async (_, written) => {
    const intent = buildRouterView({
      router: withDefaults(written, SCHEMA ?? {}) as Router,
      serviceGroups: [group('virtual', ['10.1.0.0/24', '2001:db8:5::/64'])],
      secrets: new Map([['fabric', { password: Buffer.from('correct-horse').toString('base64') }]]),
      node: {
        name: 'node-1',
        addresses: { IPv4: parseAddress('192.0.2.1'), IPv6: parseAddress('2001:db8::1') },
        dummyInterface: 'kube-lb0',
        labels: { 'example.com/asn': '4200000001' },
      },
    });
    expect(intent).toMatchObject({ type: 'configure', problems: [] });
    const templates = compileTemplates(await readTemplates(join(ROOT, 'bird-templates')));
    const text = intent.type === 'configure' ? renderRouterConfig(intent.view, templates).text : '';
    expect(text).toMatch(/^protocol (bgp|ospf|rip) /m);
    await expect(mustAccept(text)).resolves.toBeDefined();
  });
});
