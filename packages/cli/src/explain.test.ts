import type { Lease, Service } from '@fairlead/kube';
import { holdersByAddress, isOurs, viewOf } from './service-view.ts';
import { formatServices } from './services.ts';
import { explain } from './why.ts';
import type { WhyFacts } from './why.ts';

const NOW = Date.parse('2026-01-01T00:01:00Z');
const CLAIM: Lease = {
  metadata: {
    name: 'fairlead-claim-192.0.2.10',
    annotations: { 'fairlead.dev/address': '192.0.2.10', 'fairlead.dev/interface': 'eth0' },
  },
  spec: { holderIdentity: 'node-1' },
};
const HOLDERS = holdersByAddress([CLAIM, { metadata: { name: 'fairlead-allocator' }, spec: { holderIdentity: 'a' } }]);

function service(parts: {
  readonly name?: string;
  readonly spec?: Service['spec'];
  readonly addresses?: readonly string[];
  readonly condition?: { readonly status: string; readonly reason: string; readonly message: string };
}): Service {
  const { name = 'web', spec = { type: 'LoadBalancer' }, addresses = [], condition } = parts;
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  return {
    metadata: {
      namespace: 'shop',
      name,
      annotations: addresses.length > 0 ? { 'fairlead.dev/allocated-from': 'lan' } : {},
    },
    spec,
    status: {
      loadBalancer: { ingress: addresses.map((ip) => ({ ip, ipMode: 'VIP' })) },
      conditions:
        condition === undefined ? [] : [{ type: 'fairlead.dev/AddressesAllocated', lastTransitionTime, ...condition }],
    },
  };
}

function why(parts: Parameters<typeof service>[0], allocator?: WhyFacts['allocator']): string {
  return explain({ service: service(parts), holders: HOLDERS, allocator, now: NOW });
}

const ALLOCATED = { status: 'True', reason: 'Allocated', message: 'has every address' };
const ALIVE: Lease = {
  spec: { holderIdentity: 'allocator-0', renewTime: '2026-01-01T00:00:55Z', leaseDurationSeconds: 15 },
};
const OURS = { type: 'LoadBalancer', loadBalancerClass: 'fairlead.dev/fairlead' };

describe('why', () => {
  it('says where local and virtual addresses are announced', () => {
    expect(why({ addresses: ['192.0.2.10', '2001:db8::10'], condition: ALLOCATED })).toBe(
      [
        'shop/web: 192.0.2.10, 2001:db8::10, from lan',
        'Allocated: has every address',
        '192.0.2.10: announced by node-1/eth0.',
        '2001:db8::10: no node claims it, so it is virtual: announced as a route by every node that may.',
        '',
      ].join('\n'),
    );
  });

  it('gives the sentence of a refusal, what it means and what to do', () => {
    const condition = { status: 'False', reason: 'PoolExhausted', message: 'lan has no free IPv4 address' };
    expect(why({ condition })).toMatch(
      /^shop\/web: no address\nPoolExhausted: lan has no free IPv4 address\nThis means: Every address .*\nWhat to do: .*\n$/,
    );
  });

  it.each([
    ['another type', { type: 'NodePort' }, ALIVE, 'It is of type NodePort'],
    ['another class', { ...OURS, loadBalancerClass: 'metallb' }, ALIVE, 'Its class is metallb'],
    ['no class', { type: 'LoadBalancer' }, ALIVE, 'only where the allocator runs with --default-class'],
    ['no allocator', OURS, undefined, 'No allocator leads'],
    [
      'a dead allocator',
      OURS,
      { spec: { ...ALIVE.spec, renewTime: '2026-01-01T00:00:00Z' } },
      'The allocator allocator-0 has not renewed its Lease for 60 s',
    ],
    ['a living allocator', OURS, ALIVE, 'The allocator allocator-0 is alive'],
  ])('explains %s where the allocator has said nothing', (_what, spec, allocator, sentence) => {
    expect(why({ spec }, allocator)).toContain(sentence);
  });
});

describe('services', () => {
  it('are sorted, with a reason where there is no address', () => {
    const waiting = { status: 'False', reason: 'NoGroup', message: '' };
    const views = [
      service({ name: 'b', addresses: ['192.0.2.10', '2001:db8::10'], condition: ALLOCATED }),
      service({ name: 'a', condition: waiting }),
    ].map((entry) => viewOf(entry, HOLDERS));
    expect(formatServices(views)).toBe(
      [
        'NAMESPACE   NAME   ADDRESSES                 GROUP   ANNOUNCED BY        REASON',
        'shop        a      -                         -       -                   NoGroup',
        'shop        b      192.0.2.10,2001:db8::10   lan     node-1/eth0,route   Allocated',
        '',
      ].join('\n'),
    );
  });

  it('are those of our class and those that carry our condition', () => {
    expect(isOurs(service({ spec: OURS }))).toBe(true);
    expect(isOurs(service({ condition: ALLOCATED }))).toBe(true);
    expect(isOurs(service({ spec: { type: 'LoadBalancer', loadBalancerClass: 'metallb' } }))).toBe(false);
  });
});
