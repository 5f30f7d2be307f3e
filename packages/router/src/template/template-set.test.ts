import { CASES } from '../../testdata/cases.ts';
import { buildRouterView } from '../view/build.ts';
import type { RouterView } from '../view/view.ts';
import { TemplateError } from './error.ts';
import { compileTemplates, renderRouterConfig } from './template-set.ts';
import type { RenderedConfig } from './template-set.ts';

function view(name = 'two-neighbors'): RouterView {
  const input = CASES[name];
  const intent = input === undefined ? undefined : buildRouterView(input);
  if (intent?.type !== 'configure') {
    throw new Error(`no view of ${name}`);
  }
  return intent.view;
}

function render(main: string, partials: Readonly<Record<string, string>> = {}, of = view()): RenderedConfig {
  return renderRouterConfig(of, compileTemplates(new Map(Object.entries({ 'bird.conf.hbs': main, ...partials }))));
}

function errorOf(action: () => unknown): TemplateError {
  try {
    action();
  } catch (error) {
    if (error instanceof TemplateError) {
      return error;
    }
    throw error;
  }
  throw new Error('no error');
}

describe('a template', () => {
  it('prints values as they are, digits side by side and signs unchanged', () => {
    const { text } = render(
      '{{asn}}{{kernelProtocol}} {{variables.quote}}',
      {},
      {
        ...view(),
        variables: { quote: `<&"'` as RouterView['asn'] },
      },
    );
    expect(text).toBe(`64512201 <&"'`);
  });

  it('can ask for equality', () => {
    expect(render('{{#if (eq node.name "node-1")}}yes{{else}}no{{/if}}').text).toBe('yes');
  });

  it.each([
    ['a printed name', 'one\n{{asm}}\n'],
    ['a name in a condition', 'one\n{{#if asm}}x{{/if}}\n'],
    ['a name in a list', 'one\n{{#each bgp.neighbours}}x{{/each}}\n'],
    ['a name inside a list', '{{#each bgp.neighbors}}\n{{#if pasword}}x{{/if}}{{/each}}\n'],
    ['a name counted from the top', 'one\n{{#each bgp.neighbors}}{{#if @root.asm}}x{{/if}}{{/each}}\n'],
    ['a name given to a helper', 'one\n{{#if (eq nod.name "x")}}x{{/if}}\n'],
    ['a variable that the Router does not have', 'one\n{{variables.rack}}\n'],
    ['a helper', 'one\n{{upper asn}}\n'],
    ['a helper that would hide what is missing', 'one\n{{lookup variables "rack"}}\n'],
    ['a helper that prints elsewhere', 'one\n{{log asn}}\n'],
    ['a block parameter, below which names are not checked', 'one\n{{#each bgp.neighbors as |n|}}{{n.x}}{{/each}}\n'],
    ['a block without an end', 'one\n{{#if asn}}'],
  ])('may not misuse %s; the error names file and line', (_, text) => {
    const error = errorOf(() => render('{{> part}}\n', { 'part.hbs': text }));
    expect(error.at).toEqual({ file: 'part.hbs', line: 2 });
    expect(error.message).toMatch(/^part\.hbs:2: /);
  });

  it('can ask whether the Router has a variable', () => {
    const template = '{{#if variables.rack}}{{variables.rack}}{{else}}none{{/if}}';
    const variables = { rack: 'r1' as RouterView['asn'] };
    expect(render(template).text).toBe('none');
    expect(render(template, {}, { ...view(), variables }).text).toBe('r1');
  });

  it('cannot take in a file that is not in the directory', () => {
    const error = errorOf(() => render('one\n{{> ../../etc/passwd}}\n'));
    expect(error.message).toContain('could not be found');
  });

  it('cannot take in itself without an end', () => {
    expect(errorOf(() => render('{{> part}}', { 'part.hbs': 'x{{> part}}' })).message).toContain(
      'part.hbs takes in itself',
    );
  });

  it('is told how names of the top are reached from a list', () => {
    const error = errorOf(() => render('{{#each bgp.neighbors}}\n{{variables.rack}}{{/each}}'));
    expect(error.message).toMatch(/^bird\.conf\.hbs:2: "rack" is no name here; .*@root\.variables/);
  });

  it('that takes in a file which is not there is refused before it is rendered, with the line', () => {
    const error = errorOf(() => render('one\n{{#if variables.never}}\n{{> prat}}\n{{/if}}', { 'part.hbs': '' }));
    expect(error.at).toEqual({ file: 'bird.conf.hbs', line: 3 });
    expect(error.message).toContain('there is no file prat.hbs');
  });

  it('ends, however many times files take in others', () => {
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, depth) => [`p${depth}.hbs`, `{{> p${depth + 1}}}{{> p${depth + 1}}}`]),
    );
    const error = errorOf(() => render('{{> p0}}', { ...files, 'p40.hbs': '' }));
    expect(error.message).toContain('print without an end');
  });

  it('ends, however many lists stand in one another', () => {
    const depth = 25;
    const text = `${'{{#each @root.bgp.neighbors}}'.repeat(depth)}x${'{{/each}}'.repeat(depth)}`;
    expect(errorOf(() => render(text)).message).toContain('print without an end');
  });

  it('ends before it has printed more than a machine can hold', () => {
    const line = 'x'.repeat(100_000);
    const text = `${'{{#each @root.bgp.neighbors}}'.repeat(12)}${line}${'{{/each}}'.repeat(12)}`;
    expect(errorOf(() => render(text)).message).toContain('print without an end');
  });

  it('can print much that makes sense', () => {
    const [group] = view().groups;
    if (group === undefined) {
      throw new Error('the view has a group');
    }
    const [range] = group.ipv4;
    const ipv4 = Array.from({ length: 100_000 }, () => Object.assign({}, range));
    const { text } = render(
      '{{#each groups}}{{#each ipv4}}{{prefix}}\n{{/each}}{{/each}}',
      {},
      {
        ...view(),
        groups: [{ ...group, ipv4 }],
      },
    );
    expect(text.split('\n')).toHaveLength(100_001);
  });

  it('cannot have another inside of it, whose turns nobody would count', () => {
    const error = errorOf(() => render('one\n{{#*inline "a"}}x{{/inline}}{{> a}}', { 'a.hbs': '' }));
    expect(error).toMatchObject({ at: { line: 2 }, message: expect.stringContaining('make it a file') });
  });

  it('is missing where there is no main file', () => {
    expect(errorOf(() => compileTemplates(new Map())).message).toContain('bird.conf.hbs is missing');
  });

  it('is judged by what its main file takes in, by others too, and by nothing else', () => {
    const files = { 'bird.conf.hbs': 'a {{> b}}', 'b.hbs': '{{> c}}', 'c.hbs': 'c', 'frr.conf.hbs': '{{#if' };
    const of = (more: Readonly<Record<string, string>> = {}): ReadonlyMap<string, string> =>
      new Map(Object.entries({ ...files, ...more }));
    expect(renderRouterConfig(view(), compileTemplates(of())).text).toBe('a c');
    expect(errorOf(() => compileTemplates(of({ 'c.hbs': '{{#if' }))).at).toMatchObject({ file: 'c.hbs' });
    expect(errorOf(() => compileTemplates(of(), 'frr.conf.hbs')).at).toMatchObject({ file: 'frr.conf.hbs' });
  });

  it('is text', () => {
    expect(errorOf(() => render('a\0b')).message).toContain('not a text file');
  });
});

describe('a line of the result', () => {
  it('is traced to the line of the file that it is from', () => {
    const main =
      'top {{asn}};\n{{! a comment\n  of two lines }}\n{{#if asn}}\n  inside;\n{{/if}}\n{{> part}}\nbottom;\n';
    const part = '{{#each bgp.neighbors}}\nfirst {{name}};\n{{#unless passive}}\n\n  second;\n{{/unless}}\n{{/each}}\n';
    const { text, sourceOf } = render(main, { 'part.hbs': part });
    const traced = text.split('\n').flatMap((line, index) => {
      const source = sourceOf(index + 1);
      return line === '' ? [] : [`${line} <- ${source?.file}:${source?.line}`];
    });
    expect(traced).toEqual([
      'top 64512; <- bird.conf.hbs:1',
      '  inside; <- bird.conf.hbs:5',
      'first tor-1; <- part.hbs:2',
      '  second; <- part.hbs:5',
      'first tor-2; <- part.hbs:2',
      '  second; <- part.hbs:5',
      'bottom; <- bird.conf.hbs:8',
    ]);
    expect(text).not.toContain('\0');
  });
});
