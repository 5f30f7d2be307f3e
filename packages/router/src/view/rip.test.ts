import type { Router } from '@fairlead/api';
import { CASES } from '../../testdata/cases.ts';
import { buildRouterView } from './build.ts';
import type { RouterIntent, RouterViewInput } from './build.ts';
import type { RouterView } from './view.ts';

type RIP = NonNullable<Router['spec']['rip']>;
type Input = RouterViewInput & { readonly router: Router };

function input(name: string): Input & { readonly rip: RIP } {
  const found = CASES[name];
  const rip = found?.router?.spec.rip;
  if (found?.router === undefined || rip === undefined) {
    throw new Error(`no case ${name} with RIP`);
  }
  return { ...found, router: found.router, rip };
}

function build(name: string, change: (rip: RIP) => RIP, more: Partial<Input> = {}): RouterIntent {
  const { rip, router, ...rest } = input(name);
  return buildRouterView({ ...rest, router: { ...router, spec: { ...router.spec, rip: change(rip) } }, ...more });
}

function viewOf(intent: RouterIntent): RouterView {
  if (intent.type !== 'configure') {
    throw new Error(`not configured: ${JSON.stringify(intent.problems)}`);
  }
  return intent.view;
}

const problemsOf = (intent: RouterIntent): string[] => intent.problems.map(({ reason, path }) => `${reason} ${path}`);

describe('RIP', () => {
  it('announces the families of which the node has an address', () => {
    expect(viewOf(buildRouterView(input('rip'))).rip).toMatchObject({ ipv4: 'yes', ipv6: 'yes' });
    expect(viewOf(buildRouterView(input('ripng'))).rip).toMatchObject({ ipv4: '', ipv6: 'yes' });
  });

  it('announces no IPv6 without the password that was asked for, as RIPng has none', () => {
    const intent = build('rip-password', ({ families, ...rip }) => {
      expect(families).toEqual(['IPv4']);
      return rip;
    });
    expect(viewOf(intent).rip.interfaces).toMatchObject([
      { name: 'eth0', ipv4: 'yes', ipv6: '' },
      { name: 'eth1', ipv4: 'yes', ipv6: 'yes' },
    ]);
    expect(problemsOf(intent)).toEqual(['AuthenticationImpossible spec.rip.interfaces[0].passwordSecret']);
  });

  it('speaks to nobody on an interface whose Secret is missing', () => {
    const intent = buildRouterView({ ...input('rip-password'), secrets: new Map() });
    expect(viewOf(intent).rip.interfaces.map(({ name }) => name)).toEqual(['eth1']);
    expect(problemsOf(intent)).toEqual(['SecretMissing spec.rip.interfaces[0].passwordSecret']);
  });

  it('is off where nothing of it is left', () => {
    const intent = build('rip', (rip) => ({ ...rip, interfaces: [{ ...ETH0, name: 'eth*' }] }));
    expect(viewOf(intent).rip).toMatchObject({ ipv4: '', ipv6: '', interfaces: [] });
    expect(problemsOf(intent)).toEqual(['InvalidValue spec.rip.interfaces[0].name']);
  });

  it('keeps what runs where its metric is infinite', () => {
    expect(build('rip', (rip) => ({ ...rip, metric: 16 }))).toMatchObject({
      type: 'keep',
      problems: [{ path: 'spec.rip.metric' }],
    });
  });

  it('is left out of FRR where that cannot do what is asked for', () => {
    const { router, ...rest } = input('rip');
    const problemsOfFRR = (interfaces: RIP['interfaces']): string[] =>
      problemsOf(
        buildRouterView({
          ...rest,
          router: { ...router, spec: { ...router.spec, daemon: 'FRR', rip: { metric: 1, interfaces } } },
          secrets: new Map([['rip', { password: Buffer.from('word').toString('base64') }]]),
        }),
      );
    const eth1 = { ...ETH0, name: 'eth1', families: ['IPv4' as const] };
    expect(problemsOfFRR([ETH0, eth1])).toEqual([]);
    expect(problemsOfFRR([eth1, { ...eth1, name: 'eth2', updateInterval: '5s' }])).toEqual([
      'BeyondFRR spec.rip.interfaces[1].updateInterval',
    ]);
    expect(problemsOfFRR([{ ...ETH0, updateInterval: '4s' }])).toEqual([
      'BeyondFRR spec.rip.interfaces[0].updateInterval',
    ]);
    expect(problemsOfFRR([{ ...eth1, passwordSecret: 'rip', passwordAlgorithm: 'SHA256' }])).toEqual([
      'BeyondFRR spec.rip.interfaces[0].passwordAlgorithm',
    ]);
    const unwatched = problemsOfFRR([{ ...ETH0, bfd: { interval: '100ms', multiplier: 3 } }]);
    expect(unwatched).toEqual(['BeyondFRR spec.rip.interfaces[0].bfd']);
  });

  it('shares BFD with OSPF on an interface, and says so where the times differ', () => {
    const { router, ...rest } = input('bgp-ospf-and-rip');
    const eth0 = { ...ETH0, bfd: { interval: '100ms', multiplier: 3 } };
    const same = build('bgp-ospf-and-rip', (rip) => ({ ...rip, interfaces: [eth0] }));
    expect(viewOf(same).bfd).toEqual({
      used: 'yes',
      interfaces: [{ name: 'eth0', interval: '100', multiplier: '3' }],
    });
    expect(same.problems).toEqual([]);
    const other = build('bgp-ospf-and-rip', (rip) => ({
      ...rip,
      interfaces: [{ ...eth0, bfd: { interval: '200ms', multiplier: 3 } }],
    }));
    expect(problemsOf(other)).toEqual(['DuplicateInterface spec.rip.interfaces[0].bfd']);
    expect(buildRouterView({ ...rest, router }).problems).toEqual([]);
  });
});

const ETH0: RIP['interfaces'][number] = {
  name: 'eth0',
  updateInterval: '30s',
  passwordID: 1,
  passwordAlgorithm: 'MD5',
};
