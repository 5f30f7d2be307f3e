import { describe, expect, test } from '@jest/globals';
import { MAX_NODES, planHostLink, planNetwork, planNode } from './plan.ts';

describe('the networks of a lab', () => {
  test('no two stations share an address or a MAC, at the largest size', () => {
    const { nodes, tor, client } = planNetwork(MAX_NODES);
    const stations = [...nodes, tor, client];
    for (const of of [
      stations.map((station) => station.mac),
      stations.map((station) => station.address.IPv4),
      stations.map((station) => station.address.IPv6),
      nodes.map((node) => node.management),
      nodes.map((node) => node.podCIDR.IPv4),
      nodes.map((node) => node.podCIDR.IPv6),
    ])
      expect(new Set(of).size).toBe(of.length);
  });

  test('a lab that does not fit is refused', () => {
    expect(() => planNode(MAX_NODES + 1)).toThrow(/1 to 250 nodes/);
    expect(() => planNode(0)).toThrow(/1 to 250 nodes/);
  });

  test('the host link is a /30 of the benchmark network, another one at the next attempt', () => {
    expect(planHostLink('000000')).toEqual({ interface: 'fl-000000', host: '198.18.0.1', controlPlane: '198.18.0.2' });
    expect(planHostLink('003fff')).toMatchObject({ host: '198.18.255.253', controlPlane: '198.18.255.254' });
    expect(planHostLink('abcdef', 1).host).not.toBe(planHostLink('abcdef').host);
    expect(planHostLink('abcdef').interface.length).toBeLessThan(16); // IFNAMSIZ
  });
});
