import { parseArgs } from 'node:util';
import { ExitRequest } from './exit-request.ts';

interface FlagBase {
  /** One line for `--help`. */
  readonly description: string;
  /** Further environment variables that give the value, after `FAIRLEAD_NAME`: `NODE_NAME`, `KUBECONFIG`. */
  readonly env?: readonly string[];
}

/** Text. Without a default it is `undefined` when nobody gives it; `required` refuses that. */
export interface StringFlag extends FlagBase {
  readonly type: 'string';
  readonly default?: string;
  readonly required?: true;
  /** The only values allowed. */
  readonly choices?: readonly string[];
  /** What `--help` shows for the value. Default `TEXT`. */
  readonly placeholder?: string;
}

/** `--name`, `--name=true`, `--name=false`, `--no-name`. */
export interface BooleanFlag extends FlagBase {
  readonly type: 'boolean';
  readonly default: boolean;
}

/** An integer within bounds. */
export interface IntegerFlag extends FlagBase {
  readonly type: 'integer';
  readonly default: number;
  readonly min?: number;
  readonly max?: number;
}

export type FlagDefinition = StringFlag | BooleanFlag | IntegerFlag;

/** Flags by their name as it is typed, without the dashes in front: `{'node-name': {type: 'string', …}}`. */
export type FlagDefinitions = Readonly<Record<string, FlagDefinition>>;

type FlagValue<D extends FlagDefinition> = D extends BooleanFlag
  ? boolean
  : D extends IntegerFlag
    ? number
    : D extends { readonly default: string } | { readonly required: true }
      ? string
      : string | undefined;

/** The values, under the same names. */
export type FlagValues<D extends FlagDefinitions> = { readonly [N in keyof D]: FlagValue<D[N]> };

export interface FlagSources {
  /** Arguments after the program's own name: `process.argv.slice(2)`. */
  readonly argv: readonly string[];
  /** `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How the program is called, for `--help`. Default `PROGRAM`. */
  readonly program?: string;
  /** What the program does, for `--help`. */
  readonly summary?: string;
}

/** The environment variable of a flag: `metrics-address` is `FAIRLEAD_METRICS_ADDRESS`. */
export function flagVariable(name: string): string {
  return `FAIRLEAD_${name.toUpperCase().replaceAll('-', '_')}`;
}

/**
 * Reads flags: from the command line, else from `FAIRLEAD_NAME`, else from the flag's other variables, else the default.
 * An empty variable counts as unset, as manifests cannot leave one out.
 * @throws {ExitRequest} with exit code 0 and the list of flags for `--help`, with 2 and one sentence for anything wrong
 */
export function parseFlags<const D extends FlagDefinitions>(definitions: D, sources: FlagSources): FlagValues<D> {
  const given = readArguments(definitions, sources);
  const values = Object.entries(definitions).map(
    ([name, definition]): [string, string | number | boolean | undefined] => {
      const source = given.get(name) ?? fromEnvironment(name, definition, sources.env);
      return [name, source === undefined ? defaultOf(name, definition) : convert(definition, source)];
    },
  );
  return Object.fromEntries(values) as FlagValues<D>;
}

/** A value and where it came from, for messages. */
interface Given {
  readonly text: string;
  readonly source: string;
}

function readArguments(definitions: FlagDefinitions, sources: FlagSources): Map<string, Given> {
  const options = Object.fromEntries(
    Object.entries(definitions).map(([name, { type }]) => [
      name,
      { type: type === 'boolean' ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  const { tokens } = parseArgs({ args: [...sources.argv], options, strict: false, allowNegative: true, tokens: true });
  const given = new Map<string, Given>();
  for (const token of tokens) {
    if (token.kind !== 'option') {
      throw usage(token.kind === 'positional' ? `unexpected argument ${JSON.stringify(token.value)}` : 'unexpected --');
    }
    if (token.rawName === '--help' || token.rawName === '-h') {
      throw new ExitRequest(helpText(definitions, sources), { exitCode: 0 });
    }
    const negative = token.rawName.startsWith('--no-') && !(token.rawName.slice(2) in definitions);
    const name = negative ? token.rawName.slice('--no-'.length) : token.name;
    const definition = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
    if (definition === undefined || (negative && (definition.type !== 'boolean' || token.value !== undefined))) {
      throw usage(`unknown flag ${token.rawName}${suggestion(name, Object.keys(definitions))}`);
    }
    if (definition.type !== 'boolean' && token.value === undefined) {
      throw usage(`${token.rawName} needs a value`);
    }
    given.set(name, { text: token.value ?? String(!negative), source: token.rawName });
  }
  return given;
}

function fromEnvironment(name: string, definition: FlagDefinition, env: FlagSources['env']): Given | undefined {
  const variable = [flagVariable(name), ...(definition.env ?? [])].find((key) => (env[key] ?? '') !== '');
  const text = variable === undefined ? undefined : env[variable];
  return variable === undefined || text === undefined ? undefined : { text, source: variable };
}

function defaultOf(name: string, definition: FlagDefinition): string | number | boolean | undefined {
  if (definition.type === 'string' && definition.required === true && definition.default === undefined) {
    const variables = [...(definition.env ?? []), flagVariable(name)].join(' or ');
    throw usage(`--${name} is missing (or set ${variables})`);
  }
  return definition.default;
}

function convert(definition: FlagDefinition, given: Given): string | number | boolean {
  if (definition.type === 'string') {
    return convertString(definition, given);
  }
  return definition.type === 'boolean' ? convertBoolean(given) : convertInteger(definition, given);
}

function convertString({ choices }: StringFlag, { text, source }: Given): string {
  if (choices !== undefined && !choices.includes(text)) {
    throw usage(`${source} is ${JSON.stringify(text)}; it takes ${choices.join(', ')}`);
  }
  return text;
}

function convertBoolean({ text, source }: Given): boolean {
  if (text !== 'true' && text !== 'false') {
    throw usage(`${source} is ${JSON.stringify(text)}; it takes true or false`);
  }
  return text === 'true';
}

function convertInteger(definition: IntegerFlag, { text, source }: Given): number {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = definition;
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw usage(`${source} is ${JSON.stringify(text)}; it takes a whole number from ${min} to ${max}`);
  }
  return value;
}

function usage(sentence: string): ExitRequest {
  return new ExitRequest(`${sentence}; --help lists the flags`, { exitCode: 2 });
}

/** `; did you mean --x?` where a flag begins alike, else nothing. */
function suggestion(name: string, known: readonly string[]): string {
  const near = known.find((candidate) => name.length >= 4 && candidate.slice(0, 4) === name.slice(0, 4));
  return near === undefined ? '' : `, did you mean --${near}`;
}

function helpText(definitions: FlagDefinitions, { program = 'PROGRAM', summary }: FlagSources): string {
  const rows = Object.entries(definitions).map(([name, definition]) => {
    const variables = [flagVariable(name), ...(definition.env ?? [])].join(', ');
    const defaultText = definition.default === undefined ? '' : `, default ${String(definition.default)}`;
    const required = definition.type === 'string' && definition.required === true ? ', required' : '';
    return [`--${name}${placeholder(definition)}`, `${definition.description} [${variables}${defaultText}${required}]`];
  });
  const width = Math.max(...rows.map(([left = '']) => left.length));
  const lines = rows.map(([left = '', right = '']) => `  ${left.padEnd(width)}  ${right}`);
  return [...(summary === undefined ? [] : [summary, '']), `Usage: ${program} [flags]`, '', ...lines].join('\n');
}

function placeholder(definition: FlagDefinition): string {
  if (definition.type === 'string') {
    return ` ${definition.placeholder ?? definition.choices?.join('|') ?? 'TEXT'}`;
  }
  return definition.type === 'boolean' ? '[=true|false]' : ' NUMBER';
}
