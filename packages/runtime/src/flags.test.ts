import { ExitRequest } from './exit-request.ts';
import { parseFlags, type FlagDefinitions } from './flags.ts';

const FLAGS = {
  'node-name': { type: 'string', required: true, env: ['NODE_NAME'], description: 'Name of this node' },
  kubeconfig: { type: 'string', env: ['KUBECONFIG'], description: 'Kubeconfig' },
  namespace: { type: 'string', default: 'fairlead-system', description: 'Namespace' },
  'log-format': { type: 'string', default: 'json', choices: ['json', 'text'], description: 'Format' },
  'leader-elect': { type: 'boolean', default: true, description: 'Elect a leader' },
  workers: { type: 'integer', default: 4, min: 1, max: 16, description: 'Workers' },
} as const satisfies FlagDefinitions;

const parse = (argv: readonly string[], env: Record<string, string> = {}) =>
  parseFlags(FLAGS, { argv, env, program: 'agent', summary: 'Announces.' });

function exitOf(run: () => unknown): ExitRequest {
  try {
    run();
  } catch (error) {
    if (error instanceof ExitRequest) {
      return error;
    }
    throw error;
  }
  throw new Error('it did not exit');
}

describe('flags', () => {
  it('come from the command line, then FAIRLEAD_NAME, then the usual variable, then the default', () => {
    expect(parse(['--node-name', 'a'], { NODE_NAME: 'c', FAIRLEAD_NODE_NAME: 'b' })['node-name']).toBe('a');
    expect(parse([], { NODE_NAME: 'c', FAIRLEAD_NODE_NAME: 'b' })['node-name']).toBe('b');
    expect(parse([], { NODE_NAME: 'c' })['node-name']).toBe('c');
    expect(parse(['--node-name=a']).namespace).toBe('fairlead-system');
    expect(parse(['--node-name=a']).kubeconfig).toBeUndefined();
  });

  it('take an empty variable as unset', () => {
    expect(parse(['--node-name=a'], { FAIRLEAD_NAMESPACE: '' }).namespace).toBe('fairlead-system');
  });

  it.each([
    [['--leader-elect'], true],
    [['--leader-elect=true'], true],
    [['--leader-elect=false'], false],
    [['--no-leader-elect'], false],
  ])('read the boolean %j', (argv, expected) => {
    expect(parse(['--node-name=a', ...argv])['leader-elect']).toBe(expected);
  });

  it('read booleans and numbers from the environment', () => {
    const values = parse(['--node-name=a'], { FAIRLEAD_LEADER_ELECT: 'false', FAIRLEAD_WORKERS: '2' });
    expect([values['leader-elect'], values.workers]).toEqual([false, 2]);
  });

  it.each([
    [['--node-nam=a'], {}, /unknown flag --node-nam, did you mean --node-name;/],
    [['--constructor=a'], {}, /unknown flag --constructor/],
    [['--no-namespace'], {}, /unknown flag --no-namespace/],
    [['serve'], {}, /unexpected argument "serve"/],
    [['--namespace'], {}, /--namespace needs a value/],
    [['--leader-elect=yes', '--node-name=a'], {}, /--leader-elect is "yes"; it takes true or false/],
    [['--workers=17', '--node-name=a'], {}, /--workers is "17"; it takes a whole number from 1 to 16/],
    [['--workers=1.5', '--node-name=a'], {}, /whole number/],
    [['--log-format=xml', '--node-name=a'], {}, /it takes json, text/],
    [[], { FAIRLEAD_WORKERS: 'x', NODE_NAME: 'a' }, /FAIRLEAD_WORKERS is "x"/],
    [[], {}, /--node-name is missing \(or set NODE_NAME or FAIRLEAD_NODE_NAME\)/],
  ])('refuse %j with %j in one sentence and exit code 2', (argv, env, sentence) => {
    const exit = exitOf(() => parse(argv, env));
    expect(exit.message).toMatch(sentence);
    expect(exit.exitCode).toBe(2);
  });

  it('list themselves with variables and defaults for --help, whatever else is wrong', () => {
    const exit = exitOf(() => parse(['--help']));
    expect(exit.exitCode).toBe(0);
    expect(exit.message).toContain('Usage: agent [flags]');
    expect(exit.message).toMatch(/--node-name TEXT +Name of this node \[FAIRLEAD_NODE_NAME, NODE_NAME, required\]/);
    expect(exit.message).toMatch(
      /--leader-elect\[=true\|false\] +Elect a leader \[FAIRLEAD_LEADER_ELECT, default true\]/,
    );
  });
});
