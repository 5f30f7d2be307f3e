import { fileURLToPath } from 'node:url';
import {
  API_VERSION,
  DEFAULT_NODE_AGENT_SPEC,
  parseAddressRange,
  validateLBNodeAgent,
  validateRouter,
  validateServiceGroup,
} from '@fairlead/api';
import type { LBNodeAgent, Router, ServiceGroup } from '@fairlead/api';
import { ApiStatusError, startControlPlane } from '../lab/index.ts';
import type { ControlPlane } from '../lab/index.ts';
import { BAD_OBJECTS } from './bad-objects.ts';
import type { CustomObject } from './bad-objects.ts';
import { GOOD_OBJECTS } from './good-objects.ts';

const CRDS = fileURLToPath(new URL('../../deploy/crds', import.meta.url));
const PLURALS: Readonly<Record<string, string>> = {
  ServiceGroup: 'servicegroups',
  LBNodeAgent: 'lbnodeagents',
  Router: 'routers',
  LBNodeStatus: 'lbnodestatuses',
  LAN: 'lans',
};

let cluster: ControlPlane;

function collection(kind: string): string {
  return `/apis/${API_VERSION}/${PLURALS[kind] ?? ''}`;
}

/** Asks the API server for its judgement, defaults filled in, without storing anything. */
async function judge<T>(object: CustomObject): Promise<T> {
  return await cluster.api.create<T>(`${collection(object.kind ?? '')}?dryRun=All&fieldValidation=Strict`, object);
}

async function refusalOf(object: CustomObject): Promise<string> {
  try {
    await judge(object);
  } catch (error) {
    if (error instanceof ApiStatusError && error.reason === 'Invalid') {
      return error.message;
    }
    throw error;
  }
  return 'accepted';
}

function serviceGroup(spec: unknown): CustomObject {
  return { apiVersion: API_VERSION, kind: 'ServiceGroup', metadata: { name: 'judged' }, spec };
}

beforeAll(async () => {
  cluster = await startControlPlane();
  await cluster.kubectl(['apply', '-f', CRDS]);
  await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=20s', '-f', CRDS]);
}, 60_000);

afterAll(async () => {
  await cluster.close();
}, 30_000);

describe('deploy/crds', () => {
  it('applies a second time without a change', async () => {
    const output = await cluster.kubectl(['apply', '-f', CRDS]);
    expect(output.trim().split('\n')).toEqual(Array.from({ length: 5 }, () => expect.stringMatching(/ unchanged$/)));
  });

  it('has schemas that the API server calls structural and takes without a warning', async () => {
    const { items } = await cluster.api.get<{
      items: { status: { conditions: { type: string; status: string }[] } }[];
    }>('/apis/apiextensions.k8s.io/v1/customresourcedefinitions');
    const conditions = items.flatMap(({ status }) => status.conditions.map(({ type, status: value }) => [type, value]));
    expect(conditions).not.toContainEqual(['NonStructuralSchema', 'True']);
    expect(conditions.filter(([type, value]) => type === 'Established' && value === 'True')).toHaveLength(5);
  });

  it('explains every field to kubectl', async () => {
    const text = await cluster.kubectl(['explain', 'servicegroups.spec.pools.aggregation']);
    expect(text).toContain('Prefix length of the route');
  });
});

describe('a mistake', () => {
  it.each(BAD_OBJECTS)('$mistake is refused: "$says"', async ({ object, says }) => {
    expect(await refusalOf(object)).toContain(says);
  });

  it('in the name of a field is named', async () => {
    const misspelt = serviceGroup({ pools: [{ range: '192.0.2.0/24', aggregate: '/24' }] });
    await expect(judge(misspelt)).rejects.toThrow('unknown field "spec.pools[0].aggregate"');
  });

  it('never makes a rule fail with an error of its own', async () => {
    const refusals = await Promise.all(BAD_OBJECTS.map(({ object }) => refusalOf(object)));
    expect(refusals.filter((text) => /no such|evaluat|internal|overload/i.test(text))).toEqual([]);
  });
});

describe('what only the condition can say', () => {
  it.each([
    ['a range that ends before it begins', { range: '192.0.2.99-192.0.2.10' }, 'ends before it begins'],
    ['loopback addresses between two ends', { range: '126.0.0.1-128.0.0.1' }, 'contains loopback addresses'],
    [
      'an exclude outside its range',
      { range: '192.0.2.0/28', exclude: ['192.0.2.16'] },
      'does not lie inside the range',
    ],
  ])('%s passes the API server and is InvalidRange', async (_what, pool, says) => {
    const { spec } = await judge<ServiceGroup>(serviceGroup({ pools: [pool] }));
    const problems = validateServiceGroup(spec);
    expect(problems).toMatchObject([{ reason: 'InvalidRange' }]);
    expect(problems[0]?.sentence).toContain(says);
  });

  it('two pools of a group that overlap pass and are Overlap', async () => {
    const pools = [{ range: '192.0.2.0/24' }, { range: '192.0.2.7' }];
    const { spec } = await judge<ServiceGroup>(serviceGroup({ pools }));
    expect(validateServiceGroup(spec)).toMatchObject([{ reason: 'Overlap', path: 'spec.pools[1].range' }]);
  });

  it('a neighbor that is there twice passes and is DuplicateNeighbor', async () => {
    const neighbors = [
      { name: 'a', address: '2001:db8::1', asn: 1 },
      { name: 'b', address: '2001:DB8::1', asn: 1 },
    ];
    const { spec } = await judge<Router>({
      apiVersion: API_VERSION,
      kind: 'Router',
      metadata: { name: 'judged' },
      spec: { asn: 64_512, bgp: { neighbors } },
    });
    expect(validateRouter(spec)).toMatchObject([{ reason: 'DuplicateNeighbor' }]);
  });

  it('an interface pattern that does not compile passes and is InvalidInterface', async () => {
    const { spec } = await judge<LBNodeAgent>({
      apiVersion: API_VERSION,
      kind: 'LBNodeAgent',
      metadata: { name: 'judged' },
      spec: { local: { interfaces: ['/eth(/'] } },
    });
    expect(validateLBNodeAgent(spec)).toMatchObject([{ reason: 'InvalidInterface' }]);
  });

  it('is all there is: the parser reads every other range that the API server lets pass', async () => {
    const texts = [
      '192.0.2.0/24', '192.0.2.1/32', '192.0.2.0-192.0.2.0', '1.0.0.0/8', '223.255.255.255', '2001:db8::/127', '::2',
      '::1.2.3.4', '64:ff9b::192.0.2.1', '2001:DB8::A-2001:db8::b', '::ffff:0:1:2', '2000::/3', 'fd00::-fdff::', '1::/128',
      '192.0.2.1-', '-192.0.2.1', '192.0.2.1/', '/24', '1.2.3', '1.2.3.4.5', '::g', '1:2:3:4:5:6:7', '::1/64', '8::/5', '1.2.3.4/031',
      '192.0.2.0/24 ', '0x1.2.3.4', '1.2.3.4%eth0', '2001:db8::%1/64', '::ffff:1.2.3.4/128',
    ]; // prettier-ignore
    const judged = await Promise.all(
      texts.map(async (range) => [range, (await refusalOf(serviceGroup({ pools: [{ range }] }))) === 'accepted']),
    );
    expect(judged).toEqual(texts.map((range) => [range, reads(range)]));
  });
});

function reads(text: string): boolean {
  try {
    parseAddressRange(text);
    return true;
  } catch {
    return false;
  }
}

describe('a good object', () => {
  it.each(GOOD_OBJECTS)('$what reads back with its defaults', async ({ object, reads: wanted }) => {
    const { spec } = await judge<{ spec: unknown }>(object);
    expect(spec).toEqual(wanted);
  });

  it('of kind LBNodeAgent with nothing written is what agents take without any', async () => {
    const { spec } = await judge<LBNodeAgent>({
      apiVersion: API_VERSION,
      kind: 'LBNodeAgent',
      metadata: { name: 'judged' },
      spec: {},
    });
    expect(spec).toEqual(DEFAULT_NODE_AGENT_SPEC);
  });
});

describe('a stored object', () => {
  it('keeps its status apart from its spec', async () => {
    const path = `${collection('ServiceGroup')}/kept-apart`;
    const conditions = [
      { type: 'Ready', status: 'True', reason: 'Valid', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
    ];
    await cluster.api.create(collection('ServiceGroup'), {
      ...serviceGroup({ pools: [{ range: '192.0.2.0/24' }] }),
      metadata: { name: 'kept-apart' },
      status: { availableIPv4: '1' },
    });
    expect(await cluster.api.get<ServiceGroup>(path)).not.toHaveProperty('status');
    await cluster.api.patch(`${path}/status`, {
      spec: { draining: true },
      status: { conditions, allocatedIPv4: '3', availableIPv4: '251', availableIPv6: '18446744073709551616' },
    });
    const { spec, status } = await cluster.api.get<ServiceGroup>(path);
    expect(spec.draining).toBe(false);
    expect(status).toMatchObject({ conditions, availableIPv6: '18446744073709551616' });
  });

  it('answers the first question in kubectl get, by its short name', async () => {
    const table = await cluster.kubectl(['get', 'sg', 'kept-apart']);
    const [head = '', row = ''] = table.split('\n');
    expect(head.split(/ {2,}/)).toEqual([
      'NAME', 'READY', 'REASON', 'IPV4 USED', 'IPV4 FREE', 'IPV6 USED', 'IPV6 FREE', 'AGE',
    ]); // prettier-ignore
    expect(row).toMatch(/^kept-apart +True +Valid +3 +251 +18446744073709551616 +\d+s$/);
  });

  it('takes pools by range from two writers', async () => {
    for (const [writer, range] of [
      ['one', '192.0.2.1'],
      ['two', '192.0.2.2'],
    ] as const) {
      await cluster.kubectl(
        ['apply', '--server-side', `--field-manager=${writer}`, '-f', '-'],
        JSON.stringify({ ...serviceGroup({ pools: [{ range }] }), metadata: { name: 'two-writers' } }),
      );
    }
    const { spec } = await cluster.api.get<ServiceGroup>(`${collection('ServiceGroup')}/two-writers`);
    expect(spec.pools?.map(({ range }) => range).toSorted()).toEqual(['192.0.2.1', '192.0.2.2']);
  });

  it('of kind LAN never changes its subnet', async () => {
    const lan = { apiVersion: API_VERSION, kind: 'LAN', metadata: { name: 'lan' }, spec: { subnet: '192.0.2.0/24' } };
    await cluster.api.create(collection('LAN'), lan);
    await expect(cluster.api.patch(`${collection('LAN')}/lan`, { spec: { subnet: '192.0.3.0/24' } })).rejects.toThrow(
      'the subnet of a LAN does not change',
    );
  });

  it('of kind LBNodeStatus takes what an agent writes, of 100 addresses in under 32 KiB', async () => {
    await cluster.api.create(collection('LBNodeStatus'), {
      apiVersion: API_VERSION,
      kind: 'LBNodeStatus',
      metadata: { name: 'node-1', labels: { 'lan.fairlead.dev/0123456789abcdef': '' } },
    });
    const since = '2026-01-01T00:00:00Z';
    const status = {
      interfaces: [
        {
          name: 'eth0',
          mac: '02:00:00:00:00:01',
          carrier: true,
          addresses: ['192.0.2.11/24'],
          linkLocal: 'fe80::1',
          subnets: ['192.0.2.0/24'],
          lans: ['192.0.2.0-24'],
        },
      ],
      subnets: ['192.0.2.0/24'],
      fitness: { state: 'Fit', reason: 'DataPathGood', since },
      nodeLabels: { 'kubernetes.io/hostname': 'node-1' },
      localCount: 10_000,
      virtualCount: 0,
      localAddresses: Array.from({ length: 100 }, (_, index) => ({
        address: `2001:db8:1111:2222:3333:4444:5555:${(0x1000 + index).toString(16)}`,
        interface: 'eth0',
        service: `${'n'.repeat(63)}/${'s'.repeat(63)}`,
        since,
      })),
      truncated: true,
      router: { daemon: 'BIRD', sessions: [{ name: 'tor', state: 'Established', since, prefixes: 3 }] },
      conditions: [{ type: 'Ready', status: 'True', reason: 'Working', message: '', lastTransitionTime: since }],
    };
    const path = `${collection('LBNodeStatus')}/node-1`;
    await cluster.api.patch(`${path}/status`, { status });
    expect(await cluster.api.get(path)).toMatchObject({ status });
    expect((await cluster.api.text(path)).length).toBeLessThan(32 * 1024);
    expect(await cluster.kubectl(['get', 'lbns', '--no-headers'])).toMatch(/^node-1 +True +Fit +10000 +0 /);
  });
});
