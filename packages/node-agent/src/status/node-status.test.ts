import { parseAddress } from '@fairlead/api';
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
