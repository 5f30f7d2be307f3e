import { join } from 'node:path';
import type { Router, ServiceGroup } from '@fairlead/api';
import * as fc from 'fast-check';
import { CASES } from '../../testdata/cases.ts';
import { readTemplates } from '../template/directory.ts';
import { compileTemplates, renderRouterConfig } from '../template/template-set.ts';
import type { TemplateSet } from '../template/template-set.ts';
import { buildRouterView } from './build.ts';
import type { RouterView } from './view.ts';

const SHIPPED = join(import.meta.dirname, '..', '..', '..', '..', 'bird-templates');

/** Values that go wrong in one place or another. */
const NASTY = [
  'tor-1',
  '192.0.2.254',
  'eth0',
  '9s',
  '64512:100',
  '1.1.1.1;\n}\nprotocol static { ipv4; route 0.0.0.0/0 blackhole; }',
  'x"; include "/etc/shadow',
  // Nothing but a quote is wrong with these.
  'x"y',
  '"',
  'eth0";};',
  'a /* b',
  '64512:1));accept;#',
  '192.0.2.1%eth0;',
  '{{asn}}',
  '__proto__',
];

/** What an attacker, a typing error or another program could have written into any field of text. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...Array.from('a1.:-_/*#;{}"\'\\\n\r\0\u2028 ')) }),
  fc.constantFrom(...NASTY),
);

/** Every text in `value` may be replaced by a hostile one. */
function poisoned<T>(value: T): fc.Arbitrary<T> {
  return fc.infiniteStream(fc.tuple(fc.integer({ min: 0, max: 3 }), hostile)).map((stream) => {
    const poison = (part: unknown): unknown => {
      if (typeof part === 'string' || typeof part === 'number') {
        const [dice, text] = stream.next().value ?? [1, ''];
        return dice === 0 ? text : part;
      }
      if (Array.isArray(part)) {
        return part.map(poison);
      }
      return typeof part === 'object' && part !== null
        ? Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, poison(inner)]))
        : part;
    };
    return poison(value) as T;
  });
}

/** The view with every text that is there replaced by a word. */
function neutral(view: RouterView): RouterView {
  const replace = (part: unknown): unknown => {
    if (typeof part === 'string') {
      return part === '' ? '' : 'x';
    }
    if (Array.isArray(part)) {
      return part.map(replace);
    }
    return typeof part === 'object' && part !== null
      ? Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, replace(inner)]))
      : part;
  };
  return replace(view) as RouterView;
}

/** What makes the structure of a configuration: statements, blocks, comments and lines, without what strings hold. */
function structure(text: string): string {
  return text.replaceAll(/"[^"\n]*"/g, '""').replaceAll(/[^;{}()"'#\n\r\0\u2028]|\/(?!\*)/g, '');
}

/** Values that the tests below poison: every kind of value that a template prints. */
const complete = (name: string): { router: Router; groups: readonly ServiceGroup[] } => {
  const input = CASES[name];
  if (input?.router === undefined) {
    throw new Error(`no case ${name}`);
  }
  return { router: input.router, groups: input.serviceGroups };
};

const POISONED = [
  'password',
  'multihop',
  'bfd',
  'graceful-restart',
  'link-local-session',
  'unnumbered',
  'asn-of-the-node',
  'ospf-password',
  'ospf-bfd',
  'ospf-several-areas',
  'ospf-metric-and-tag',
  'rip-password',
  'rip-bfd-metric-and-tag',
  'communities',
  'aggregates',
  'router-id',
];

/** Everything of a case that people write. */
interface Written {
  readonly spec: Router['spec'];
  readonly groups: readonly ServiceGroup[];
  readonly secret: string;
  readonly label: string;
}

type Path = readonly (string | number)[];

/** Places of all texts and numbers. */
function leavesOf(value: unknown, path: Path = []): Path[] {
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) => leavesOf(item, [...path, index]));
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
  }
  return typeof value === 'string' || typeof value === 'number' ? [path] : [];
}

/** The value with another text at one place. */
function withTextAt(value: unknown, [first, ...rest]: Path, text: string): unknown {
  if (first === undefined) {
    return text;
  }
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => (index === first ? withTextAt(item, rest, text) : item));
  }
  const entries = Object.entries(value as object);
  return Object.fromEntries(
    entries.map(([key, inner]: [string, unknown]) => [key, key === first ? withTextAt(inner, rest, text) : inner]),
  );
}

describe('no text of a resource ends a statement', () => {
  let templates: TemplateSet;
  const node = CASES['one-neighbor']?.node;

  beforeAll(async () => {
    templates = compileTemplates(await readTemplates(SHIPPED));
  });

  it.each(POISONED)('poisoned values of the case %s change no structure', (name) => {
    const { router, groups } = complete(name);
    let configured = 0;
    fc.assert(
      fc.property(
        poisoned(router.spec),
        poisoned(groups),
        hostile,
        hostile,
        fc.oneof(fc.constantFrom('64999', '1'), hostile),
        (spec, serviceGroups, secret, variable, label) => {
          if (node === undefined) {
            throw new Error('the case has a node');
          }
          const intent = buildRouterView({
            // What selects the kind of daemon is no text that a template prints.
            router: { ...router, spec: { ...spec, daemon: 'BIRD', variables: { [variable]: variable } } },
            serviceGroups,
            secrets: new Map(
              ['tor', 'fabric'].map((each) => [each, { password: Buffer.from(secret).toString('base64') }]),
            ),
            node: { ...node, labels: { 'example.com/asn': label } },
          });
          if (intent.type !== 'configure') {
            expect(intent.problems.length).toBeGreaterThan(0);
            return;
          }
          configured += 1;
          const { text } = renderRouterConfig(intent.view, templates);
          expect(structure(text)).toBe(structure(renderRouterConfig(neutral(intent.view), templates).text));
        },
      ),
      { numRuns: 120 },
    );
    // A property that refuses everything would prove nothing.
    expect(configured).toBeGreaterThan(15);
  });

  it.each(POISONED)('one poisoned value among good ones of the case %s changes no structure', (name) => {
    const { router, groups } = complete(name);
    const good: Written = { spec: router.spec, groups, secret: 'correct-horse', label: '64999' };
    const leaves = leavesOf(good).filter((path) => path.join('.') !== 'spec.daemon');
    fc.assert(
      fc.property(fc.constantFrom(...leaves), hostile, (path, text) => {
        if (node === undefined) {
          throw new Error('the case has a node');
        }
        const { spec, groups: serviceGroups, secret, label } = withTextAt(good, path, text) as Written;
        const password = Buffer.from(secret).toString('base64');
        const intent = buildRouterView({
          router: { ...router, spec },
          serviceGroups,
          secrets: new Map(['tor', 'fabric'].map((each) => [each, { password }])),
          node: { ...node, labels: { 'example.com/asn': label } },
        });
        if (intent.type === 'configure') {
          const { text: rendered } = renderRouterConfig(intent.view, templates);
          expect(structure(rendered)).toBe(structure(renderRouterConfig(neutral(intent.view), templates).text));
        } else {
          expect(intent.problems.length).toBeGreaterThan(0);
        }
      }),
      {
        numRuns: (NASTY.length + 4) * leaves.length,
        examples: leaves.flatMap((path) => NASTY.map((text): [Path, string] => [path, text])),
      },
    );
  });
});
