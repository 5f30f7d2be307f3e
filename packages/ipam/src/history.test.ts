import { array, assert, constantFrom, integer, oneof, property, record, subarray } from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { Holding } from './holding.ts';
import { Cluster } from './test-cluster.ts';
import type { GroupInput } from './test-cluster.ts';
import type { ServiceView } from './service.ts';

/** Seeds come from the environment for a replay: fast-check prints seed and path of what fails. */
const RUNS = Number(process.env['FAIRLEAD_HISTORIES'] ?? 600);

type Input = Partial<Omit<ServiceView, 'name'>>;

type Step =
  | { readonly type: 'put'; readonly name: string; readonly input: Input }
  | { readonly type: 'repeat'; readonly name: string }
  | { readonly type: 'delete'; readonly name: string }
  | { readonly type: 'group'; readonly name: string; readonly input: GroupInput | undefined }
  | { readonly type: 'namespace'; readonly labels: Readonly<Record<string, string>> }
  | { readonly type: 'restart' };

const service = constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
const groupName = constantFrom('x', 'y', 'z');
const red = { matchLabels: { colour: 'red' } };

/** Few addresses and few values, so that Services get into each other's way all the time. */
const wish: Arbitrary<Input> = record({
  createdAt: integer({ min: 0, max: 3 }),
  families: constantFrom(['IPv4'], ['IPv6'], ['IPv4', 'IPv6'], ['IPv6', 'IPv4']),
  policy: constantFrom('PreferDualStack', 'RequireDualStack'),
  ports: constantFrom(['TCP/80'], ['TCP/80', 'UDP/53'], ['TCP/443']),
  externalTrafficPolicy: constantFrom('Cluster', 'Local'),
  selector: constantFrom('p', 'q'),
  labels: constantFrom({}, { colour: 'red' }),
  sharingKey: constantFrom('', '', 'k', 'l'),
  group: constantFrom('', '', '', 'x', 'y', 'nowhere'),
  addresses: constantFrom('', '', '', '192.0.2.1', '192.0.2.2, 2001:db8::1', '2001:db8::2', '203.0.113.9', 'rubbish'),
  role: constantFrom('ours', 'ours', 'ours', 'ours', 'leaving'),
  reallocate: constantFrom(false, false, false, true),
}).map(toView);

function toView({ group, families = [], policy, ...rest }: Input): Input {
  return {
    ...rest,
    families,
    policy: families.length === 1 || policy === undefined ? 'SingleStack' : policy,
    ...(group === '' || group === undefined ? {} : { group }),
  };
}

const pools = constantFrom(
  '192.0.2.1-192.0.2.2',
  '192.0.2.2-192.0.2.4',
  '2001:db8::1-2001:db8::2',
  '2001:db8::/127',
  '198.51.100.1',
);
const group: Arbitrary<GroupInput> = record({
  ranges: array(pools, { minLength: 1, maxLength: 2 }),
  draining: constantFrom(false, false, false, true),
  createdAt: integer({ min: 0, max: 3 }),
  assign: record({
    auto: constantFrom(true, true, false),
    priority: integer({ min: 0, max: 1 }),
    sharing: constantFrom('Cluster', 'Namespace'),
  }).chain((assign) =>
    subarray(['namespaceSelector', 'serviceSelector'] as const).map((selectors) =>
      Object.assign({}, assign, Object.fromEntries(selectors.map((selector) => [selector, red]))),
    ),
  ),
});

const step: Arbitrary<Step> = oneof(
  { weight: 10, arbitrary: record({ type: constantFrom('put' as const), name: service, input: wish }) },
  { weight: 2, arbitrary: record({ type: constantFrom('repeat' as const), name: service }) },
  { weight: 4, arbitrary: record({ type: constantFrom('delete' as const), name: service }) },
  {
    weight: 3,
    arbitrary: record({
      type: constantFrom('group' as const),
      name: groupName,
      input: oneof({ weight: 4, arbitrary: group }, { weight: 1, arbitrary: constantFrom(undefined) }),
    }),
  },
  {
    weight: 1,
    arbitrary: record({ type: constantFrom('namespace' as const), labels: constantFrom({}, { colour: 'red' }) }),
  },
  { weight: 1, arbitrary: record({ type: constantFrom('restart' as const) }) },
);

function take(cluster: Cluster, { ...current }: Step): void {
  switch (current.type) {
    case 'put': {
      // A Service's age and, while it lives, its primary family cannot change.
      const known = cluster.services.get(`default/${current.name}`);
      const fixed = known === undefined ? {} : { createdAt: known.createdAt };
      const { group: named, ...input } = current.input;
      if (known !== undefined) {
        const { group: _, ...rest } = known;
        cluster.services.set(known.key, rest);
      }
      cluster.put(current.name, { ...input, ...fixed, ...(named === undefined ? {} : { group: named }) });
      break;
    }
    case 'repeat': {
      const known = cluster.services.get(`default/${current.name}`);
      if (known !== undefined) {
        cluster.apply({ type: 'service-upserted', service: known });
      }
      break;
    }
    case 'delete':
      cluster.delete(current.name);
      break;
    case 'group':
      cluster.group(current.name, current.input);
      break;
    case 'namespace':
      cluster.namespace('default', current.labels);
      break;
    case 'restart':
      cluster.restart();
      break;
  }
}

/** Service and address of every address given. */
function given(cluster: Cluster): [ServiceView, string][] {
  return [...cluster.services.values()].flatMap((view) =>
    cluster.addresses(view.key).map((address): [ServiceView, string] => [view, address]),
  );
}

function expectOnlyValidSharing(cluster: Cluster): void {
  for (const holders of Map.groupBy(given(cluster), ([, address]) => address).values()) {
    const holding = new Holding<{ view: ServiceView }>('IPv4', 0n, undefined);
    for (const [view] of holders) {
      expect(holding.clashWith(view, { namespaceOnly: false })).toBeUndefined();
      holding.add({ view });
    }
  }
}

function expectTrueCounts(cluster: Cluster): void {
  const distinct = new Set(given(cluster).map(([, address]) => address));
  let counted = 0;
  for (const name of cluster.engine.groupNames) {
    const status = cluster.engine.groupStatus(name);
    counted += Number(status?.allocatedIPv4) + Number(status?.allocatedIPv6);
    expect(Number(status?.availableIPv4)).toBeGreaterThanOrEqual(0);
    expect(Number(status?.availableIPv6)).toBeGreaterThanOrEqual(0);
  }
  expect(counted).toBeLessThanOrEqual(distinct.size);
}

/** Judged once more, nobody gets anything: who waits, waits for a reason. */
function expectNobodyWaitsForNothing(cluster: Cluster): void {
  const before = given(cluster).map(([{ key }, address]) => `${key} ${address}`);
  // An edit of a group makes everybody who waits be judged again.
  const [first] = cluster.groups.values();
  if (first !== undefined) {
    cluster.apply({ type: 'group-upserted', group: first });
    expect(given(cluster).map(([{ key }, address]) => `${key} ${address}`)).toEqual(before);
  }
}

/** Whether a Service had all that it wants, and no wish that is still open. */
function settled(cluster: Cluster): Map<string, readonly string[]> {
  return new Map(
    [...cluster.services.values()]
      .filter(
        ({ key, role, families }) =>
          role === 'ours' && cluster.token(key) === undefined && cluster.addresses(key).length === families.length,
      )
      .map(({ key }) => [key, cluster.addresses(key)]),
  );
}

describe('in any history', () => {
  it('no address is given twice but by valid sharing, counts are true, and nobody waits beside what he could use', () => {
    assert(
      property(array(step, { maxLength: 40 }), (history) => {
        const cluster = new Cluster({ x: { ranges: ['192.0.2.1-192.0.2.2', '2001:db8::1-2001:db8::2'] } });
        for (const one of history) {
          take(cluster, one);
          expectOnlyValidSharing(cluster);
          expectTrueCounts(cluster);
          expectNobodyWaitsForNothing(cluster);
          expect(cluster.engine.sizes.services).toBe(cluster.services.size);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('a satisfied Service keeps its addresses, whatever happens to others and to the groups', () => {
    assert(
      property(array(step, { maxLength: 40 }), (history) => {
        const cluster = new Cluster({ x: { ranges: ['192.0.2.1-192.0.2.2', '2001:db8::1-2001:db8::2'] } });
        for (const one of history) {
          const before = settled(cluster);
          // Sharers that come to clash are the one exception; they are told apart by their key.
          const mayMove = new Set(
            [...cluster.services.values()]
              .filter(({ name, sharingKey = '' }) => sharingKey !== '' || ('name' in one && one.name === name))
              .map(({ key }) => key),
          );
          take(cluster, one);
          for (const [key, addresses] of before) {
            if (!mayMove.has(key)) {
              expect([key, cluster.addresses(key)]).toEqual([key, addresses]);
            }
          }
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('a restart changes nothing', () => {
    assert(
      property(array(step, { maxLength: 40 }), (history) => {
        const cluster = new Cluster({ x: { ranges: ['192.0.2.1-192.0.2.2', '2001:db8::1-2001:db8::2'] } });
        for (const one of history) {
          take(cluster, one);
        }
        const state = () =>
          [...cluster.services.keys()].map((key) => [
            key,
            cluster.addresses(key),
            cluster.groupOf(key),
            cluster.token(key) === undefined,
          ]);
        const before = state();
        cluster.restart();
        expect(state()).toEqual(before);
      }),
      { numRuns: RUNS },
    );
  });

  it('equal histories end equally', () => {
    assert(
      property(array(step, { maxLength: 30 }), (history) => {
        const outcomes = [0, 1].map(() => {
          const cluster = new Cluster();
          for (const one of history) {
            take(cluster, one);
          }
          return given(cluster).map(([{ key }, address]) => [key, address]);
        });
        expect(outcomes[0]).toEqual(outcomes[1]);
      }),
      { numRuns: 100 },
    );
  });
});
