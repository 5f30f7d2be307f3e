import type { BGPNeighbor } from '../resources/router-bgp.ts';
import type { RouterSpec } from '../resources/router.ts';
import { ospfAreaNumber, validateRouter } from './router.ts';

function neighbor(name: string, rest: Partial<BGPNeighbor>): BGPNeighbor {
  return { name, asn: 64_513, port: 179, passive: false, holdTime: '9s', ...rest };
}

function bgp(...neighbors: readonly BGPNeighbor[]): RouterSpec {
  return { daemon: 'BIRD', asn: 64_512, bgp: { listenPort: 179, neighbors } };
}

function ospf(...areas: readonly (readonly [string, string])[]): RouterSpec {
  const settings = {
    cost: 10,
    priority: 0,
    helloInterval: '10s',
    deadInterval: '40s',
    type: 'Broadcast',
    passive: false,
    passwordID: 1,
    passwordAlgorithm: 'MD5',
  } as const;
  return {
    daemon: 'BIRD',
    ospf: {
      areas: areas.map(([id, name]) => ({ id, type: 'Normal', interfaces: [{ name, ...settings }] })),
      metric: 20,
      metricType: 'Type2',
    },
  };
}

describe('a Router that the API server let pass', () => {
  it('has no problem with neighbors that differ in address, port or interface', () => {
    const neighbors = [
      neighbor('a', { address: '192.0.2.1' }),
      neighbor('b', { address: '192.0.2.1', port: 1790 }),
      neighbor('c', { address: 'fe80::1', interface: 'eth0' }),
      neighbor('d', { address: 'fe80::1', interface: 'eth1' }),
      neighbor('e', { interface: 'eth0' }),
    ];
    expect(validateRouter(bgp(...neighbors))).toEqual([]);
  });

  it('is told of a neighbor that is there twice, however its address is spelled', () => {
    const neighbors = [neighbor('tor', { address: '2001:db8::1' }), neighbor('again', { address: '2001:DB8:0::1' })];
    expect(validateRouter(bgp(...neighbors))).toEqual([
      {
        reason: 'DuplicateNeighbor',
        path: 'spec.bgp.neighbors[1]',
        sentence: 'spec.bgp.neighbors[1]: again is the same neighbor as tor; leave one of the two',
      },
    ]);
  });

  it('is told of an area that is there twice and of an interface in two areas', () => {
    const problems = validateRouter(ospf(['0', 'eth0'], ['0.0.0.0', 'eth1'], ['1', 'eth0']));
    expect(problems.map(({ reason, path }) => [reason, path])).toEqual([
      ['DuplicateArea', 'spec.ospf.areas[1].id'],
      ['DuplicateInterface', 'spec.ospf.areas[2].interfaces[0].name'],
    ]);
  });
});

describe('the number of an OSPF area', () => {
  it.each([
    ['0', 0],
    ['0.0.0.51', 51],
    ['1.0.0.0', 16_777_216],
    ['255.255.255.255', 4_294_967_295],
  ])('%s is %d', (id, number) => {
    expect(ospfAreaNumber(id)).toBe(number);
  });
});
