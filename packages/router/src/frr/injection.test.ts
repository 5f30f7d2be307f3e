import { join } from 'node:path';
import * as fc from 'fast-check';
import { FRR_CASES } from '../../testdata-frr/cases.ts';
import { readTemplates } from '../template/directory.ts';
import { compileTemplates, renderRouterConfig } from '../template/template-set.ts';
import type { TemplateSet } from '../template/template-set.ts';
import { buildRouterView } from '../view/build.ts';
import type { RouterViewInput } from '../view/build.ts';

const SHIPPED = join(import.meta.dirname, '..', '..', '..', '..', 'bird-templates');

/** What could end a line, begin another one, or add words to one. FRR's language has no quotes. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...Array.from('a1.:-_/!#|"\'\\\n\r\0\u2028\u0085\t ')) }),
  fc.constantFrom(
    'tor-1',
    '192.0.2.254',
    'fe80::1',
    'eth0',
    '9s',
    '64512:100',
    'x\nrouter bgp 1',
    'x\rexit',
    'x permit any',
    ' x',
    '!x',
    '#x',
    'x | include y',
    '192.0.2.1 remote-as 1',
  ),
);

/** Every text and number in `value` may be replaced by a hostile one. */
function poisoned<T>(value: T): fc.Arbitrary<T> {
  return fc.infiniteStream(fc.tuple(fc.integer({ min: 0, max: 4 }), hostile)).map((stream) => {
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

/** Which command a line is, by the words that no value stands for. */
function commandOf(words: readonly string[]): string {
  const [first = '', second = '', third = ''] = words;
  return first === 'neighbor'
    ? `${first} ${third}`
    : /^(key-string|description|profile|interface)$/.test(first)
      ? first
      : // Route maps bear the name of a neighbor.
        `${first} ${second.replace(/^bgp_.*_(ipv[46])$/, 'bgp_$1').replace(/\d+/, 'N')}`;
}

function commandsIn(text: string): { readonly command: string; readonly length: number }[] {
  return text
    .split(/[\n\r\0\u2028\u2029\u0085]/)
    .filter((line) => line.trim() !== '' && !/^\s*!/.test(line))
    .map((line) => line.trim().split(/\s+/))
    .map((words) => ({ command: commandOf(words), length: words.length }));
}

function render(input: RouterViewInput, templates: TemplateSet): string | undefined {
  const intent = buildRouterView(input);
  return intent.type === 'configure' ? renderRouterConfig(intent.view, templates).text : undefined;
}

describe('no text of a resource adds a line to frr.conf, or words to one', () => {
  let templates: TemplateSet;
  /** The most words of each command in all good cases. */
  const longest = new Map<string, number>();

  beforeAll(async () => {
    templates = compileTemplates(await readTemplates(SHIPPED), 'frr.conf.hbs');
    for (const input of Object.values(FRR_CASES)) {
      for (const { command, length } of commandsIn(render(input, templates) ?? '')) {
        longest.set(command, Math.max(length, longest.get(command) ?? 0));
      }
    }
  });

  it.each([
    'password',
    'multihop',
    'bfd',
    'link-local-session',
    'communities',
    'aggregates',
    'unnumbered',
    'ospf-both',
  ])('whatever the case %s says', (name) => {
    const input = FRR_CASES[name];
    const router = input?.router;
    if (input === undefined || router === undefined) {
      throw new Error(`no case ${name}`);
    }
    let configured = 0;
    fc.assert(
      fc.property(poisoned(router.spec), poisoned(input.serviceGroups), hostile, (spec, serviceGroups, secret) => {
        const text = render(
          {
            ...input,
            router: { ...router, spec: { ...spec, daemon: 'FRR' } },
            serviceGroups,
            secrets: new Map([['tor', { password: Buffer.from(secret).toString('base64') }]]),
          },
          templates,
        );
        if (text === undefined) {
          return;
        }
        configured += 1;
        for (const { command, length } of commandsIn(text)) {
          expect([command, length <= (longest.get(command) ?? 0)]).toEqual([command, true]);
        }
      }),
      { numRuns: 200 },
    );
    // A property that refuses everything would prove nothing.
    expect(configured).toBeGreaterThan(20);
  });
});
