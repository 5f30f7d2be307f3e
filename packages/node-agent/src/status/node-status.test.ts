import { NODE_STATUS_LIMITS, parseAddress, parsePrefix } from '@fairlead/api';
import { segment } from '../plan/testing.ts';
import { nodeStatus } from './node-status.ts';
import type { NodeStatusInput } from './node-status.ts';

const input: NodeStatusInput = {
  segments: [segment()],
  fitness: { state: 'Fit', reason: 'Fit', message: 'the node announces' },
  nodeLabels: { rack: 'a' },
  held: [],
  virtualCount: 3,
  router: undefined,
  findings: [{ type: 'Ready', status: 'True', reason: 'Ready', message: '' }],
  previousConditions: [],
  previousFitness: undefined,
  formerMACs: new Map(),
  now: '2026-01-01T00:00:00.000Z',
};

function held(count: number): NodeStatusInput['held'] {
  return Array.from({ length: count }, (_, number) => ({
    address: { family: 'IPv4', value: parseAddress('198.18.0.0').value + BigInt(count - number) },
    interfaceIndex: 2,
    services: ['default/a'],
    since: 0,
  }));
}

test('interfaces, subnets and LANs as peers need them', () => {
  expect(nodeStatus(input)).toMatchObject({
    interfaces: [
      {
        name: 'eth0',
        mac: '02:00:00:00:00:01',
        addresses: ['192.0.2.1/24', '2001:db8::1/64'],
        linkLocal: 'fe80::1',
        lans: ['192.0.2.0-24', '2001-0db8-0000-0000-0000-0000-0000-0000-64'],
      },
    ],
    subnets: ['192.0.2.0/24', '2001:db8::/64'],
  });
});

test('a hundred addresses are listed, the lowest first, and the rest is counted', () => {
  const status = nodeStatus({ ...input, held: held(10_000) });
  expect(status.localAddresses).toHaveLength(100);
  expect(status.localAddresses?.[0]).toEqual({
    address: '198.18.0.1',
    interface: 'eth0',
    service: 'default/a',
    since: '1970-01-01T00:00:00.000Z',
  });
  expect([status.localCount, status.truncated]).toEqual([10_000, true]);
  expect(JSON.stringify(status).length).toBeLessThan(32 * 1024);
});

test('the time of a condition is that of its last change', () => {
  const first = nodeStatus(input);
  const later = { ...input, now: '2026-01-02T00:00:00.000Z', previousConditions: first.conditions ?? [] };
  expect(nodeStatus({ ...later, previousFitness: first.fitness })).toMatchObject({
    conditions: first.conditions,
    fitness: { since: input.now },
  });
  const failing = nodeStatus({
    ...later,
    findings: [{ type: 'Ready', status: 'False', reason: 'NoDefaultRoute', message: 'x' }],
  });
  expect(failing.conditions?.[0]?.lastTransitionTime).toBe(later.now);
});

test.each([
  ['nothing else', 0, 100],
  ['twenty conditions with the longest messages', 20, 10],
])('10,000 IPv6 addresses with the longest names and %s are less than 32 KiB', (_, conditions, least) => {
  const longest = 'n'.repeat(63);
  const addresses = held(10_000).map(({ since }, number) => ({
    address: {
      family: 'IPv6' as const,
      value: parseAddress('2001:db8:1111:2222:3333:4444:5555:0').value + BigInt(number),
    },
    interfaceIndex: 2,
    services: [`${longest}/${longest}`],
    since,
  }));
  const findings = Array.from({ length: conditions }, (_each, number) => ({
    type: `Condition${number}`,
    status: 'True' as const,
    reason: 'Reason',
    message: 'm'.repeat(2000),
  }));
  const status = nodeStatus({ ...input, held: addresses, findings: [...input.findings, ...findings] });
  expect(JSON.stringify(status).length).toBeLessThanOrEqual(32 * 1024);
  expect(status.localAddresses?.length).toBeGreaterThanOrEqual(least);
  expect([status.localCount, status.truncated]).toEqual([10_000, true]);
});

test('a few addresses are all listed, whatever else there is', () => {
  const nodeLabels = Object.fromEntries(
    Array.from({ length: 256 }, (_, number) => [`label-${number}`, 'v'.repeat(63)]),
  );
  const findings = Array.from({ length: 30 }, (_, number) => ({
    type: `Condition${number}`,
    status: 'True' as const,
    reason: 'Reason',
    message: 'm'.repeat(1000),
  }));
  const status = nodeStatus({ ...input, held: held(10), nodeLabels, findings });
  expect([status.localAddresses?.length, status.truncated]).toEqual([10, false]);
});

test('what is more than the lists may hold is left out: one entry too many would be refused with all the rest', () => {
  const many = Array.from({ length: 70 }, (_, number) => number);
  const subnets = many.map((number) => parsePrefix(`10.${number}.0.0/24`));
  const own = many.map((number) => ({ address: parseAddress(`10.${number}.0.1`), length: 24 }));
  const status = nodeStatus({
    ...input,
    segments: many.map((number) => segment({ index: number + 2, name: `eth${number}`, subnets, ownAddresses: own })),
    nodeLabels: Object.fromEntries(Array.from({ length: 300 }, (_, number) => [`label-${number}`, ''])),
    router: { daemon: 'BIRD', sessions: many.map((number) => ({ name: `s${number}`, state: 'up' })) },
  });
  expect(checkStatus(status)).toEqual([]);
  expect(status.interfaces).toHaveLength(NODE_STATUS_LIMITS.interfaces);
});

/** The lists that are longer than the resource allows. */
function checkStatus(status: ReturnType<typeof nodeStatus>): string[] {
  const { interfaces = [], subnets = [], nodeLabels = {}, router } = status;
  const lengths: readonly (readonly [string, number, number])[] = [
    ['interfaces', interfaces.length, NODE_STATUS_LIMITS.interfaces],
    ['subnets', subnets.length, NODE_STATUS_LIMITS.allSubnets],
    ['labels', Object.keys(nodeLabels).length, NODE_STATUS_LIMITS.labels],
    ['sessions', router?.sessions?.length ?? 0, NODE_STATUS_LIMITS.sessions],
    ...interfaces.flatMap(({ name, addresses = [], subnets: own = [], lans = [] }) => [
      [`addresses of ${name}`, addresses.length, NODE_STATUS_LIMITS.addresses] as const,
      [`subnets of ${name}`, own.length, NODE_STATUS_LIMITS.subnets] as const,
      [`lans of ${name}`, lans.length, NODE_STATUS_LIMITS.subnets] as const,
    ]),
  ];
  return lengths.filter(([, length, limit]) => length > limit).map(([what]) => what);
}
