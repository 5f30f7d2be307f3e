import { UsageError, parseCommand } from './arguments.ts';

const CLUSTER = { kubeconfig: undefined, releaseNamespace: 'fairlead-system' };

describe('the command line', () => {
  it.each([
    [[], { name: 'help' }],
    [['--help'], { name: 'help' }],
    [['services', '-h'], { name: 'help' }],
    [['version'], { name: 'version' }],
    [['services'], { name: 'services', namespace: 'default', ...CLUSTER }],
    [['services', '-A'], { name: 'services', namespace: undefined, ...CLUSTER }],
    [['services', '-n', 'web'], { name: 'services', namespace: 'web', ...CLUSTER }],
    [['why', 'svc/web', '--namespace=shop'], { name: 'why', namespace: 'shop', service: 'web', ...CLUSTER }],
    [
      ['why', 'web', '--kubeconfig', '/a', '--release-namespace', 'lb'],
      { name: 'why', namespace: 'default', service: 'web', kubeconfig: '/a', releaseNamespace: 'lb' },
    ],
  ])('%j is understood', (argv, command) => {
    expect(parseCommand(argv)).toEqual(command);
  });

  it.each([
    [['wy', 'web'], 'there is no command "wy"; there are services, why, version and help'],
    [['why'], 'why takes the name of a Service'],
    [['why', 'a', 'b'], 'unexpected argument "b"'],
    [['services', 'web'], 'unexpected argument "web"'],
    [['services', '--colour'], "Unknown option '--colour'"],
  ])('%j is refused with a sentence', (argv, sentence) => {
    expect(() => parseCommand(argv)).toThrow(UsageError);
    expect(() => parseCommand(argv)).toThrow(sentence);
  });
});
