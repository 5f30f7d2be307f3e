import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ServiceObject } from './api.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { seedServices } from './seed.ts';

const SERVICES = '/api/v1/namespaces/default/services';
const COUNT = 2_000;

describe('Services that are written past the API server', () => {
  let plane: ControlPlane;
  let sample: ServiceObject;

  beforeAll(async () => {
    plane = await startControlPlane();
    const spec = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [{ port: 80 }] };
    await plane.api.create(SERVICES, { metadata: { name: 'sample' }, spec });
    const ingress = [{ ip: '192.0.2.1', ipMode: 'VIP' }];
    const conditions = [
      {
        type: 'example.com/Served',
        status: 'True',
        reason: 'Served',
        message: '192.0.2.1, not 192.0.2.11.',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ];
    sample = await plane.api.patch(`${SERVICES}/sample/status`, { status: { loadBalancer: { ingress }, conditions } });
  }, 60_000);

  afterAll(async () => {
    await plane?.close();
  });

  test('are there at once, for lists and for watches, and can be changed and deleted', async () => {
    const begun = performance.now();
    const last = plane.api.until<ServiceObject>(SERVICES, ({ metadata }) => metadata.name === `copy-${COUNT - 1}`);
    const names = await seedServices(plane, {
      sample,
      count: COUNT,
      name: (index) => `copy-${index}`,
      addresses: (index) => [`10.0.${index >> 8}.${index & 255}`],
    });
    await last;
    process.stdout.write(`${COUNT} Services seeded in ${Math.round(performance.now() - begun)} ms\n`);
    expect(names).toHaveLength(COUNT);

    const { items } = await plane.api.get<{ items: ServiceObject[] }>(SERVICES);
    const copies = items.filter(({ metadata }) => metadata.name.startsWith('copy-'));
    expect(copies).toHaveLength(COUNT);
    expect(new Set(copies.map(({ metadata }) => metadata.uid)).size).toBe(COUNT);
    const copy = copies.find(({ metadata }) => metadata.name === 'copy-258');
    expect(copy?.status?.loadBalancer?.ingress).toEqual([{ ip: '10.0.1.2', ipMode: 'VIP' }]);
    expect(copy?.status?.conditions?.[0]?.message).toBe('10.0.1.2, not 192.0.2.11.');

    const labels = { changed: 'yes' };
    const changed = plane.api.until(SERVICES, ({ metadata }) => metadata.labels?.['changed'] === 'yes');
    await plane.api.patch(`${SERVICES}/copy-1`, { metadata: { labels } });
    expect((await changed).metadata.name).toBe('copy-1');
    await plane.api.patch(`${SERVICES}/copy-1/status`, { status: { loadBalancer: { ingress: null } } });
    await plane.api.delete(`${SERVICES}/copy-1`);
    await expect(plane.api.get(`${SERVICES}/copy-1`)).rejects.toThrow(/not found/);
  }, 60_000);

  test('are in order for the API server: it has no ClusterIP to repair and gives none of them away', async () => {
    const repairs = async () => {
      const { items } = await plane.api.get<{ items: { reason: string }[] }>('/apis/events.k8s.io/v1/events');
      return items.filter(({ reason }) => reason === 'ClusterIPNotAllocated').length;
    };
    await plane.apiServer.restart(); // so that it looks at all of them again, and begins with that
    await plane.ready();
    const before = await repairs();
    const spec = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [{ port: 80 }] };
    const clash = { metadata: { name: 'clash' }, spec: { ...spec, clusterIP: '10.96.0.9' } };
    await expect(plane.api.create(SERVICES, clash)).rejects.toThrow(/already allocated/);
    await plane.api.create(SERVICES, { metadata: { name: 'another' }, spec });
    expect(await repairs()).toBe(before);
  }, 60_000);
});
