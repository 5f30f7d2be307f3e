import { ADDRESSES_ALLOCATED } from '@fairlead/api';
import type { Service } from '@fairlead/kube';
import { projectService } from './service.ts';

const OURS = { loadBalancerClass: 'fairlead.dev/fairlead', isDefaultClass: false };
const condition = {
  type: ADDRESSES_ALLOCATED,
  status: 'True',
  reason: 'Allocated',
  message: 'm',
  lastTransitionTime: '',
};
/** Below the spec, where an allocator has written. */
const given = {
  status: { conditions: [condition], loadBalancer: { ingress: [{ ip: '192.0.2.1', ipMode: 'VIP' }] } },
};

function service(
  spec: Service['spec'],
  more: Pick<Service, 'status'> & { metadata?: Service['metadata'] } = {},
): Service {
  return { ...more, metadata: { name: 'web', namespace: 'shop', uid: 'u', ...more.metadata }, spec: { ...spec } };
}

const lb = { type: 'LoadBalancer', loadBalancerClass: 'fairlead.dev/fairlead', ipFamilies: ['IPv4'] };

describe('whose a Service is', () => {
  it.each([
    ['our class', service(lb), OURS, 'ours'],
    ['another class', service({ ...lb, loadBalancerClass: 'other' }), OURS, undefined],
    [
      'another class with our condition',
      service({ ...lb, loadBalancerClass: 'other' }, { status: { conditions: [condition] } }),
      OURS,
      undefined,
    ],
    ['another class with an address of ours', service({ ...lb, loadBalancerClass: 'other' }, given), OURS, 'foreign'],
    ['no class with an address of ours', service({ type: 'LoadBalancer' }, given), OURS, 'foreign'],
    ['no class', service({ type: 'LoadBalancer' }), OURS, undefined],
    ['no class where we are the default', service({ type: 'LoadBalancer' }), { ...OURS, isDefaultClass: true }, 'ours'],
    [
      'another class where we are the default',
      service({ ...lb, loadBalancerClass: 'other' }),
      { ...OURS, isDefaultClass: true },
      undefined,
    ],
    ['another type', service({ type: 'ClusterIP' }), OURS, undefined],
    [
      'another type that shows our condition',
      service({ type: 'ClusterIP' }, { status: { conditions: [condition] } }),
      OURS,
      'leaving',
    ],
    ['being deleted', service(lb, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }), OURS, 'leaving'],
  ] as const)('%s', (_, object, ownership, role) => {
    expect(projectService(object, ownership)?.role).toBe(role);
  });
});

describe('what is kept of a Service', () => {
  it('equal selectors are equal text, whatever the order', () => {
    const [a, b, c] = [{ x: '1', y: '2' }, { y: '2', x: '1' }, { x: '1' }].map(
      (selector) => projectService(service({ ...lb, selector }), OURS)?.selector,
    );
    expect(a).toBe(b);
    expect(a).not.toBe(c);
  });

  it('an ingress with a host name or ports, or without ipMode, is not of our form', () => {
    const wellFormed = [
      [{ ip: '192.0.2.1', ipMode: 'VIP' }],
      [{ ip: '192.0.2.1' }],
      [{ hostname: 'example.com' }],
      [{ ip: '192.0.2.1', ipMode: 'VIP', ports: [{ port: 80, protocol: 'TCP' }] }],
      [],
    ].map(
      (ingress) => projectService(service(lb, { status: { loadBalancer: { ingress } } }), OURS)?.observed.wellFormed,
    );
    expect(wellFormed).toEqual([true, false, false, false, true]);
  });

  it('annotations of nothing but spaces are absent', () => {
    const annotations = { 'fairlead.dev/service-group': ' ', 'fairlead.dev/addresses': ' 192.0.2.1 ' };
    const view = projectService(service(lb, { metadata: { annotations } }), OURS);
    expect([view?.group, view?.addresses]).toEqual([undefined, '192.0.2.1']);
  });
});
