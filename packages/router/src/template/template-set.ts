import Handlebars from 'handlebars';
import { messageOf } from '../system-error.ts';
import type { RouterView } from '../view/view.ts';
import { Budget } from './budget.ts';
import { TemplateError } from './error.ts';
import type { TemplateLine } from './error.ts';
import { markLines, takeMarksOut } from './line-marks.ts';

/** The template that becomes BIRD's main file; the others are its partials, by their names without `.hbs`. */
export const MAIN_TEMPLATE = 'bird.conf.hbs';
const EXTENSION = '.hbs';

/** A rendered configuration. */
export interface RenderedConfig {
  readonly text: string;
  /** The template line that a line of `text` (from 1) is from. */
  readonly sourceOf: (line: number) => TemplateLine | undefined;
}

/** Compiled templates. */
export interface TemplateSet {
  readonly main: (view: RouterView) => string;
}

/** Helpers a template may use beside `{{> file}}`. Not `log` and `lookup`: one prints elsewhere, one hides what is missing. */
const HELPERS: Readonly<Record<string, boolean>> = {
  if: true,
  unless: true,
  each: true,
  with: true,
  eq: true,
  log: false,
  lookup: false,
};

const COMPILE_OPTIONS: CompileOptions = {
  noEscape: true,
  strict: true,
  knownHelpersOnly: true,
  knownHelpers: HELPERS,
  preventIndent: true,
};

/**
 * Compiles the files of a template directory, as far as the main one takes them in: what another daemon's templates have
 * wrong with them is no concern of this one.
 * @param files text by name, such as `bgp.hbs`; only these can be reached from a template
 * @param mainTemplate name of the main file
 * @throws {TemplateError} with file and line
 */
export function compileTemplates(files: ReadonlyMap<string, string>, mainTemplate = MAIN_TEMPLATE): TemplateSet {
  if (!files.has(mainTemplate)) {
    throw new TemplateError(`${mainTemplate} is missing; it is the template that takes in the others`);
  }
  const environment = Handlebars.create();
  environment.registerHelper('eq', (a: unknown, b: unknown) => a === b);
  const budget = new Budget();
  countTurns(environment, budget);
  const programs = parseReachable(files, mainTemplate);
  const compiled = new Map(
    [...programs].map(([file, program]) => [file, compile(environment, file, program, budget)] as const),
  );
  const partials = Object.fromEntries(
    [...compiled].map(([file, template]) => [file.slice(0, -EXTENSION.length), template] as const),
  );
  return {
    main: (view) => {
      budget.begin();
      const main = compiled.get(mainTemplate);
      return main === undefined ? '' : main(view, { partials });
    },
  };
}

/**
 * Renders the configuration of a view.
 * @throws {TemplateError} with file and line, for a name that the view model does not have
 */
export function renderRouterConfig(view: RouterView, templates: TemplateSet): RenderedConfig {
  const { text, sources } = takeMarksOut(templates.main(view));
  return { text, sourceOf: (line) => sources[line - 1] };
}

/** The main template and those that it takes in, directly or by others; all of them where a name is computed. */
function parseReachable(files: ReadonlyMap<string, string>, mainTemplate: string): Map<string, hbs.AST.Program> {
  const programs = new Map<string, hbs.AST.Program>();
  const waiting = [mainTemplate];
  for (const file of waiting) {
    const text = files.get(file);
    if (text !== undefined && !programs.has(file)) {
      const program = parse(text, file);
      programs.set(file, program);
      refuseMissing(program, file, files);
      const names = partialNames(program);
      waiting.push(...(names === 'computed' ? files.keys() : names.map((name) => `${name}${EXTENSION}`)));
    }
  }
  return programs;
}

/** A file that is missing is said before anything is rendered, and where it is taken in. */
function refuseMissing(program: hbs.AST.Program, file: string, files: ReadonlyMap<string, string>): void {
  class Refuser extends Handlebars.Visitor {
    override PartialStatement({ name, loc }: hbs.AST.PartialStatement): void {
      if ('original' in name && !name.original.startsWith('@') && !files.has(`${name.original}${EXTENSION}`)) {
        const sentence = `the partial ${name.original} could not be found; there is no file ${name.original}${EXTENSION} beside this one`;
        throw new TemplateError(sentence, { file, line: loc.start.line });
      }
    }
  }
  new Refuser().accept(program);
}

function partialNames(program: hbs.AST.Program): readonly string[] | 'computed' {
  const found: (string | undefined)[] = [];
  // A name is a path to the compiler, and a subexpression where it is computed.
  const take = ({ name }: Pick<hbs.AST.PartialStatement, 'name'>): void => {
    found.push('original' in name ? name.original : undefined);
  };
  class Finder extends Handlebars.Visitor {
    override PartialStatement(partial: hbs.AST.PartialStatement): void {
      take(partial);
    }

    override PartialBlockStatement(partial: hbs.AST.PartialBlockStatement): void {
      take(partial);
      super.PartialBlockStatement(partial);
    }
  }
  new Finder().accept(program);
  const names = found.filter((name) => name !== undefined);
  return names.length === found.length ? names : 'computed';
}

function compile(
  environment: typeof Handlebars,
  file: string,
  program: hbs.AST.Program,
  budget: Budget,
): Handlebars.TemplateDelegate {
  refuseUnchecked(program, file);
  askForEveryName(program);
  markLines(program, file);
  const template = environment.compile(program, COMPILE_OPTIONS);
  // Compilation is lazy, and an error in a partial names a line but no file.
  return (context: unknown, options?: Handlebars.RuntimeOptions) => {
    try {
      return budget.spend(template(context, options));
    } catch (error) {
      throw asTemplateError(error, file);
    }
  };
}

function parse(text: string, file: string): hbs.AST.Program {
  if (text.includes('\0')) {
    throw new TemplateError(`${file} is not a text file; it holds a NUL character`);
  }
  try {
    return Handlebars.parse(text, { srcName: file });
  } catch (error) {
    throw asTemplateError(error, file);
  }
}

/** Has each turn of a list counted. */
function countTurns(environment: typeof Handlebars, budget: Budget): void {
  const each = environment.helpers['each'];
  environment.registerHelper('each', function (this: unknown, list: unknown, options: Handlebars.HelperOptions) {
    const fn: Handlebars.TemplateDelegate = (context: unknown, more?: Handlebars.RuntimeOptions) =>
      budget.spend(options.fn(context, more));
    return each?.call(this, list, { ...options, fn });
  });
}

/** Handlebars' strict mode passes over names below a block parameter, and templates inside of one cannot be counted. */
function refuseUnchecked(program: hbs.AST.Program, file: string): void {
  class Refuser extends Handlebars.Visitor {
    override Program(inner: hbs.AST.Program): void {
      if (inner.blockParams !== undefined && inner.blockParams.length > 0) {
        const at = { file, line: inner.loc.start.line };
        throw new TemplateError('names between bars (as |x|) are not checked; write the block without them', at);
      }
      super.Program(inner);
    }

    override DecoratorBlock(block: hbs.AST.DecoratorBlock): void {
      const at = { file, line: block.loc.start.line };
      throw new TemplateError('a template inside of a template (#*inline) is not possible; make it a file', at);
    }
  }
  new Refuser().accept(program);
}

/**
 * Handlebars' strict mode checks names that are printed, but not those that a helper is given, so that a misspelled
 * `{{#if neighbour}}` would be silence. Its compiler has a mark on paths for that; this sets it on all of them, but for
 * variables: one Router has some that another has not, and `{{#if variables.NAME}}` is how a template asks.
 */
function askForEveryName(program: hbs.AST.Program): void {
  class Asker extends Handlebars.Visitor {
    override PathExpression(path: hbs.AST.PathExpression): void {
      const [first, second] = path.data && path.parts[0] === 'root' ? path.parts.slice(1) : path.parts;
      const isLoopState = path.data && path.parts[0] !== 'root';
      const isVariable = first === 'variables' && second !== undefined;
      if (!isLoopState && !isVariable) {
        Object.assign(path, { strict: true });
      }
    }
  }
  new Asker().accept(program);
}

/** Handlebars says `… - LINE:COLUMN` at the end, or `on line LINE:` and a drawing of the place. */
function asTemplateError(error: unknown, file: string): TemplateError {
  if (error instanceof TemplateError) {
    return error;
  }
  const message = messageOf(error);
  const line = /on line (\d+)/.exec(message)?.[1] ?? / - (\d+):\d+$/.exec(message)?.[1];
  const sentence = message
    .replace(/^Parse error on line \d+:\n/, 'it cannot be read:\n')
    .replace(/ - \d+:\d+$/, '')
    .replace(
      / not defined in \[object Object\]$/,
      ' is no name of the view model; docs/routing/templates.md lists them',
    )
    .replace(
      / not defined in undefined$/,
      ' is no name here; inside of lists those of the top begin with @root, as in @root.variables.NAME; docs/routing/templates.md lists them',
    )
    .replace(
      /^You specified knownHelpersOnly, but used the unknown helper (.*)$/,
      'there is no helper $1; docs/routing/templates.md lists them',
    )
    .replace(/^Maximum call stack size exceeded$/, `${file} takes in itself, or others that do, without an end`)
    .split('\n')
    .filter((part) => !/^-*\^/.test(part))
    .join(' ');
  return new TemplateError(sentence, line === undefined ? undefined : { file, line: Number(line) }, { cause: error });
}
