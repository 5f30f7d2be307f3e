import type { Router } from '@fairlead/api';
import { CASES } from '../../testdata/cases.ts';
import { buildRouterView } from './build.ts';
import type { RouterIntent, RouterViewInput } from './build.ts';
import type { RouterView } from './view.ts';

type OSPF = NonNullable<Router['spec']['ospf']>;
type Interface = OSPF['areas'][number]['interfaces'][number];
type Input = RouterViewInput & { readonly router: Router };

function input(name: string): Input & { readonly ospf: OSPF; readonly eth0: Interface } {
  const found = CASES[name];
  const ospf = found?.router?.spec.ospf;
  const eth0 = ospf?.areas[0]?.interfaces[0];
  if (found?.router === undefined || ospf === undefined || eth0 === undefined) {
    throw new Error(`no case ${name} with OSPF`);
  }
  return { ...found, router: found.router, ospf, eth0 };
}

/** The case with its OSPF changed. */
function build(name: string, change: (ospf: OSPF, eth0: Interface) => OSPF, more: Partial<Input> = {}): RouterIntent {
  const { ospf, eth0, router, ...rest } = input(name);
  return buildRouterView({
    ...rest,
    router: { ...router, spec: { ...router.spec, ospf: change(ospf, eth0) } },
    ...more,
  });
}

function viewOf(intent: RouterIntent): RouterView {
  if (intent.type !== 'configure') {
    throw new Error(`not configured: ${JSON.stringify(intent.problems)}`);
  }
  return intent.view;
}

const interfacesOf = (intent: RouterIntent): string[] =>
  viewOf(intent).ospf.areas.flatMap(({ id, interfaces }) => interfaces.map(({ name }) => `${id} ${name}`));
const area = (id: string, ...interfaces: readonly Interface[]): OSPF['areas'][number] => ({
  id,
  type: 'Normal',
  interfaces,
});
const problemsOf = (intent: RouterIntent): string[] => intent.problems.map(({ reason, path }) => `${reason} ${path}`);

describe('OSPF', () => {
  it('announces the families of which the node has an address', () => {
    expect(viewOf(buildRouterView(input('ospf-both'))).ospf).toMatchObject({ ipv4: 'yes', ipv6: 'yes' });
    expect(viewOf(buildRouterView(input('ospf-v2'))).ospf).toMatchObject({ ipv4: 'yes', ipv6: '' });
    expect(viewOf(buildRouterView(input('ospf-v3'))).ospf).toMatchObject({ ipv4: '', ipv6: 'yes' });
  });

  it('says so where a family is asked for of which the node has no address', () => {
    const intent = build('ospf-v2', (ospf) => ({ ...ospf, families: ['IPv4', 'IPv6'] }));
    expect(viewOf(intent).ospf).toMatchObject({ ipv4: 'yes', ipv6: '' });
    expect(problemsOf(intent)).toEqual(['NodeAddressMissing spec.ospf.families']);
    expect(viewOf(build('ospf-v2', (ospf) => ({ ...ospf, families: ['IPv6'] }))).ospf.areas).toEqual([]);
  });

  it('leaves out the second of two areas that are one, and an interface that is in another area', () => {
    const intent = build('ospf-both', (ospf, eth0) => ({
      ...ospf,
      areas: [area('0', eth0), area('0.0.0.0', { ...eth0, name: 'eth1' }), area('1', eth0, { ...eth0, name: 'eth2' })],
    }));
    expect(interfacesOf(intent)).toEqual(['0.0.0.0 eth0', '0.0.0.1 eth2']);
    expect(problemsOf(intent)).toEqual([
      'DuplicateArea spec.ospf.areas[1].id',
      'DuplicateInterface spec.ospf.areas[2].interfaces[0].name',
    ]);
  });

  it('knows no backbone that is an NSSA', () => {
    const intent = build('ospf-both', (ospf, eth0) => ({
      ...ospf,
      areas: [{ ...area('0.0.0.0', eth0), type: 'NSSA' }],
    }));
    expect(interfacesOf(intent)).toEqual([]);
    expect(problemsOf(intent)).toEqual(['AreaTypeImpossible spec.ospf.areas[0].type']);
  });

  it.each(['1;', '0.0.0.256', '4294967296', '', '0x1', '1.2.3'])('refuses the area %j', (id) => {
    const intent = build('ospf-both', (ospf, eth0) => ({ ...ospf, areas: [area(id, eth0)] }));
    expect(problemsOf(intent)).toEqual(['InvalidValue spec.ospf.areas[0].id']);
  });

  it.each<[string, Partial<Interface>]>([
    ['name', { name: 'eth*' }],
    ['name', { name: 'eth0", "lo' }],
    ['cost', { cost: 0 }],
    ['priority', { priority: 256 }],
    ['helloInterval', { helloInterval: '500h' }],
    ['deadInterval', { helloInterval: '10s', deadInterval: '10s' }],
    ['bfd.interval', { bfd: { interval: '1ms', multiplier: 3 } }],
  ])('leaves out an interface with a bad %s, and no other', (field, wrong) => {
    const intent = build('ospf-both', (ospf, eth0) => ({
      ...ospf,
      areas: [area('0', { ...eth0, ...wrong }, { ...eth0, name: 'eth9' })],
    }));
    expect(interfacesOf(intent)).toEqual(['0.0.0.0 eth9']);
    expect(problemsOf(intent)).toEqual([`InvalidValue spec.ospf.areas[0].interfaces[0].${field}`]);
    expect(intent.problems[0]?.sentence).toMatch(/is left out until then$/);
  });

  it('leaves an interface as it was, its BFD too, where its value becomes bad', () => {
    const previous = viewOf(buildRouterView(input('ospf-bfd')));
    const intent = build(
      'ospf-bfd',
      (ospf) => ({
        ...ospf,
        areas: ospf.areas.map((each) => ({ ...each, interfaces: each.interfaces.map((one) => ({ ...one, cost: 0 })) })),
      }),
      { previous },
    );
    expect(viewOf(intent)).toEqual(previous);
    expect(intent.problems).toHaveLength(2);
    expect(intent.problems[0]?.sentence).toMatch(/until then it stays as it was$/);
  });

  it('keeps what runs where a value of all of OSPF is wrong', () => {
    const intent = build('ospf-both', (ospf) => ({ ...ospf, metric: 0 }));
    expect(intent).toMatchObject({ type: 'keep', problems: [{ path: 'spec.ospf.metric' }] });
  });

  describe('with a password', () => {
    it.each([
      ['no Secret', new Map()],
      ['no key', new Map([['fabric', { token: 'eA==' }]])],
      ['an empty key', new Map([['fabric', { password: '' }]])],
    ])('and %s speaks to nobody on the interface', (_, secrets) => {
      const intent = buildRouterView({ ...input('ospf-password'), secrets });
      expect(viewOf(intent).ospf.areas).toEqual([]);
      expect(problemsOf(intent)).toEqual(['SecretMissing spec.ospf.areas[0].interfaces[0].passwordSecret']);
    });

    it('goes on with the last known one while its Secret is away', () => {
      const previous = viewOf(buildRouterView(input('ospf-password')));
      const intent = buildRouterView({ ...input('ospf-password'), secrets: new Map(), previous });
      expect(viewOf(intent).ospf).toEqual(previous.ospf);
    });

    it('that MD5 would cut says so and does not repeat it', () => {
      const text = 'x'.repeat(17);
      const secrets = new Map([['fabric', { password: Buffer.from(text).toString('base64') }]]);
      const intent = buildRouterView({ ...input('ospf-password'), secrets });
      expect(intent.problems).toMatchObject([{ reason: 'InvalidValue', object: { kind: 'Secret', name: 'fabric' } }]);
      expect(intent.problems[0]?.sentence).toContain('at most 16 characters');
      expect(intent.problems[0]?.sentence).not.toContain(text);
    });

    it('has no MD5 in version 3', () => {
      const [first] = viewOf(buildRouterView(input('ospf-password'))).ospf.areas;
      expect(first?.interfaces).toMatchObject([{ algorithmIPv4: 'md5', algorithmIPv6: 'sha256', passwordID: '7' }]);
    });
  });
});
