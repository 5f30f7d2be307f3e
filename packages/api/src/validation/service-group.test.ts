import * as fc from 'fast-check';
import type { ServiceGroupSpec } from '../resources/service-group.ts';
import { validateServiceGroup } from './service-group.ts';

type PoolWish = { readonly range: string; readonly exclude?: readonly string[] };

function spec(pools: readonly PoolWish[], interfaces?: readonly string[]): ServiceGroupSpec {
  return {
    pools: pools.map((pool) => ({ avoidBuggyIPs: false, ...pool })),
    assign: { auto: true, priority: 0, sharing: 'Cluster' },
    draining: false,
    announce: {
      mode: 'Auto',
      takeBack: 'Never',
      onConflict: 'Defend',
      takeOver: 'WhenSilent',
      ...(interfaces === undefined ? {} : { interfaces }),
    },
  };
}

function addressText(value: number, six: boolean): string {
  return six ? `2001:db8::${value.toString(16)}` : `192.0.2.${value}`;
}

describe('a ServiceGroup that the API server let pass', () => {
  it('has no problem when its pools lie side by side', () => {
    const pools = [
      { range: '192.0.2.10-192.0.2.99', exclude: ['192.0.2.50-192.0.2.59', '192.0.2.64/28', '192.0.2.99'] },
      { range: '192.0.2.100-192.0.2.120' },
      { range: '192.0.2.9' },
      { range: '2001:db8::/64' },
    ];
    expect(validateServiceGroup(spec(pools, ['default', 'eth0', '/eth[0-9]+/']))).toEqual([]);
  });

  it('is told which range ends before it begins', () => {
    expect(validateServiceGroup(spec([{ range: '192.0.2.1' }, { range: '192.0.2.99-192.0.2.10' }]))).toEqual([
      {
        reason: 'InvalidRange',
        path: 'spec.pools[1].range',
        sentence: 'spec.pools[1].range: "192.0.2.99-192.0.2.10" ends before it begins; write 192.0.2.10-192.0.2.99',
      },
    ]);
  });

  it('is told of addresses between two ends that no Service can have', () => {
    const [problem] = validateServiceGroup(spec([{ range: '126.0.0.1-128.0.0.1' }]));
    expect(problem?.sentence).toContain('contains loopback addresses');
  });

  it('is told which exclude lies outside its range, or cannot be read', () => {
    const problems = validateServiceGroup(
      spec([{ range: '192.0.2.0/28', exclude: ['192.0.2.15-192.0.2.16', '2001:db8::1', '192.0.2.9-192.0.2.1'] }]),
    );
    expect(problems.map(({ reason, path }) => [reason, path])).toEqual([
      ['InvalidRange', 'spec.pools[0].exclude[0]'],
      ['InvalidRange', 'spec.pools[0].exclude[1]'],
      ['InvalidRange', 'spec.pools[0].exclude[2]'],
    ]);
    expect(problems[0]?.sentence).toContain('does not lie inside the range 192.0.2.0/28');
  });

  it('is told which pools overlap, also when a narrow one lies between them', () => {
    const problems = validateServiceGroup(
      spec([{ range: '192.0.2.0/24' }, { range: '192.0.2.5' }, { range: '192.0.2.200-192.0.3.7' }]),
    );
    expect(problems.map(({ reason, path }) => [reason, path])).toEqual([
      ['Overlap', 'spec.pools[1].range'],
      ['Overlap', 'spec.pools[2].range'],
    ]);
    expect(problems[1]?.sentence).toBe(
      'spec.pools[2]: 192.0.2.200-192.0.3.7 overlaps 192.0.2.0-192.0.2.255 (spec.pools[0]) of the same group; shorten one of the two',
    );
  });

  it('is found to overlap exactly when some two of its pools do', () => {
    const pool = fc
      .tuple(fc.nat(60), fc.nat(8), fc.boolean())
      .map(([first, size, six]) => ({ first, last: first + size, six }));
    fc.assert(
      fc.property(fc.array(pool, { maxLength: 8 }), (pools) => {
        const ranges = pools.map(({ first, last, six }) => ({
          range: `${addressText(first, six)}-${addressText(last, six)}`,
        }));
        const overlap = pools.some((a, i) =>
          pools.some((b, j) => i < j && a.six === b.six && a.first <= b.last && b.first <= a.last),
        );
        expect(validateServiceGroup(spec(ranges)).length > 0).toBe(overlap);
      }),
    );
  });

  it('is told which entry of interfaces is no regular expression', () => {
    expect(validateServiceGroup(spec([], ['/eth[/']))).toMatchObject([
      { reason: 'InvalidInterface', path: 'spec.announce.interfaces[0]' },
    ]);
  });
});
