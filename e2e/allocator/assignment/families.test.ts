import { ALLOCATOR_ANNOTATIONS } from '@fairlead/api';
import type { ServiceGroupManifest } from '@fairlead/api';
import { addressesOf, conditionOf } from '../cluster.ts';
import type { StoredService } from '../cluster.ts';
import { from, useAssignment } from './harness.ts';

const suite = useAssignment();

const PREFER = { ipFamilyPolicy: 'PreferDualStack' };
const REQUIRE = { ipFamilyPolicy: 'RequireDualStack' };
const FOUR_FIRST = ['IPv4', 'IPv6'];
const SIX_FIRST = ['IPv6', 'IPv4'];

/** Makes a namespace with groups of its own, each with its ranges, tried in this order by their priorities. */
async function place(name: string, groups: Readonly<Record<string, readonly string[]>>): Promise<void> {
  await suite.now.cluster.namespace(name);
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': name } };
  for (const [priority, [group, ranges]] of Object.entries(groups).entries()) {
    const assign: ServiceGroupManifest['spec']['assign'] = { priority, namespaceSelector };
    await suite.now.group(`${name}-${group}`, ranges, { assign });
  }
}

/** Group and addresses of a Service that says that it has all it needs. */
async function outcome(key: string): Promise<readonly (string | undefined)[]> {
  const service = await suite.now.served(key);
  return [service.metadata.annotations?.[ALLOCATOR_ANNOTATIONS.allocatedFrom], ...addressesOf(service)];
}

/** Makes a group of IPv4 and a Service that needs both families; the Service once it is refused. */
async function refused(name: string): Promise<StoredService> {
  await suite.now.group(name, ['10.5.0.0/24']);
  await suite.now.cluster.create(name, from(name, { spec: REQUIRE }));
  return await suite.now.cluster.untilRefused(name, 'FamilyNotInGroup');
}

describe('PreferDualStack', () => {
  it('takes a group of both families before one of a single family, though that one comes first', async () => {
    const { cluster } = suite.now;
    await place('both', {
      four: ['10.1.1.1'],
      six: ['2001:db8:1::1'],
      dual: ['10.1.2.0/24', '2001:db8:1:2::/64'],
    });
    await cluster.create('both/four', { spec: { ...PREFER, ipFamilies: FOUR_FIRST } });
    await cluster.create('both/six', { spec: { ...PREFER, ipFamilies: SIX_FIRST } });
    expect(await outcome('both/four')).toEqual(['both-dual', '10.1.2.0', '2001:db8:1:2::']);
    expect(await outcome('both/six')).toEqual(['both-dual', '2001:db8:1:2::1', '10.1.2.1']);
  });

  it('is content with one address, of the family that it has first, else of the other', async () => {
    const { cluster } = suite.now;
    await place('single', { four: ['10.2.1.1'], six: ['2001:db8:2::1-2001:db8:2::2'] });
    await cluster.create('single/six', { spec: { ...PREFER, ipFamilies: SIX_FIRST } });
    expect(await outcome('single/six')).toEqual(['single-six', '2001:db8:2::1']);
    await cluster.create('single/four', { spec: { ...PREFER, ipFamilies: FOUR_FIRST } });
    expect(await outcome('single/four')).toEqual(['single-four', '10.2.1.1']);
    await cluster.create('single/rest', { spec: { ...PREFER, ipFamilies: FOUR_FIRST } });
    expect(await outcome('single/rest')).toEqual(['single-six', '2001:db8:2::2']);
  });

  it('gets its second address later from the same group, keeps the first, and jumps to no other group', async () => {
    const { cluster } = suite.now;
    await place('grows', { four: ['10.3.0.0/24'] });
    await cluster.create('grows/web', { spec: { ...PREFER, ipFamilies: FOUR_FIRST } });
    const [group, first] = await outcome('grows/web');
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': 'grows' } };
    const assign = { priority: -1, namespaceSelector };
    await suite.now.group('grows-dual', ['10.3.1.0/24', '2001:db8:3:1::/64'], { assign });
    await cluster.create('grows/late', { spec: { ...PREFER, ipFamilies: FOUR_FIRST } });
    expect((await outcome('grows/late'))[0]).toBe('grows-dual');
    expect(await outcome('grows/web')).toEqual([group, first]);
    await suite.now.editGroup('grows-four', { pools: [{ range: '10.3.0.0/24' }, { range: '2001:db8:3::5' }] });
    await cluster.untilAddresses('grows/web', [first ?? '', '2001:db8:3::5']);
    expect(await outcome('grows/web')).toEqual([group, first, '2001:db8:3::5']);
  });

  it('gets the second address when one is freed', async () => {
    const { cluster } = suite.now;
    await place('freed', { dual: ['10.4.0.0/24', '2001:db8:4::1'] });
    await cluster.create('freed/first', { spec: { ...REQUIRE, ipFamilies: FOUR_FIRST } });
    await suite.now.served('freed/first');
    await cluster.create('freed/second', { spec: { ...PREFER, ipFamilies: SIX_FIRST } });
    const [, only = ''] = await outcome('freed/second');
    expect(only).toMatch(/^10\.4\.0\./);
    await cluster.delete('freed/first');
    await cluster.untilAddresses('freed/second', ['2001:db8:4::1', only]);
  });
});

describe('RequireDualStack on a group of one family is refused, has nothing, and recovers', () => {
  afterEach(async () => {
    await suite.now.cluster.clear();
    await suite.now.deleteGroup('needs');
  });

  it('when the group gets the other family', async () => {
    const service = await refused('needs');
    expect([addressesOf(service), conditionOf(service)?.message]).toEqual([
      [],
      expect.stringMatching(/ServiceGroup needs has no IPv6 addresses; add a pool/),
    ]);
    await suite.now.editGroup('needs', { pools: [{ range: '10.5.0.0/24' }, { range: '2001:db8:5::1' }] });
    await suite.now.cluster.untilAddresses('needs', ['10.5.0.0', '2001:db8:5::1']);
  });

  it('when it asks for less', async () => {
    expect(addressesOf(await refused('needs'))).toEqual([]);
    await suite.now.cluster.patch('needs', { spec: PREFER });
    await suite.now.cluster.untilAddresses('needs', ['10.5.0.0']);
  });

  it('when it names another group', async () => {
    expect(addressesOf(await refused('needs'))).toEqual([]);
    await suite.now.group('has-both', ['10.5.1.1', '2001:db8:5:1::1']);
    await suite.now.cluster.patch('needs', { metadata: from('has-both') });
    await suite.now.cluster.untilAddresses('needs', ['10.5.1.1', '2001:db8:5:1::1']);
  });
});

describe('a living Service that changes its ipFamilyPolicy keeps its first address', () => {
  const policies = ['SingleStack', 'PreferDualStack', 'RequireDualStack'] as const;
  const changes = policies.flatMap((before) =>
    policies.filter((after) => after !== before).map((after) => ({ before, after })),
  );

  /** What a Service of this policy asks for. */
  function spec(policy: (typeof policies)[number], primary: string): Readonly<Record<string, unknown>> {
    const other = primary === 'IPv4' ? 'IPv6' : 'IPv4';
    return { ipFamilyPolicy: policy, ipFamilies: policy === 'SingleStack' ? [primary] : [primary, other] };
  }

  it.each(changes.flatMap((change) => ['IPv4', 'IPv6'].map((primary) => Object.assign({ primary }, change))))(
    'from $before to $after, $primary first, in a group of both families',
    async ({ before, after, primary }) => {
      const { cluster } = suite.now;
      const name = `${before}-${after}-${primary}`.toLowerCase();
      const range = changes.findIndex((change) => change.before === before && change.after === after);
      const block = range * 2 + (primary === 'IPv4' ? 1 : 2);
      await suite.now.group(name, [`10.6.${block}.1`, `2001:db8:6:${block}::1`]);
      await cluster.create(name, from(name, { spec: spec(before, primary) }));
      const both = [`10.6.${block}.1`, `2001:db8:6:${block}::1`];
      const ordered = primary === 'IPv4' ? both : both.toReversed();
      await cluster.untilAddresses(name, before === 'SingleStack' ? ordered.slice(0, 1) : ordered);
      await cluster.patch(name, { spec: { ipFamilyPolicy: after } });
      const changed = await cluster.untilAddresses(name, after === 'SingleStack' ? ordered.slice(0, 1) : ordered);
      expect(conditionOf(changed)?.reason).toBe('Allocated');
    },
  );

  it.each(changes.filter(({ before }) => before !== 'RequireDualStack'))(
    'from $before to $after in a group of one family',
    async ({ before, after }) => {
      const { cluster } = suite.now;
      const name = `one-${before}-${after}`.toLowerCase();
      const address = `10.7.${changes.findIndex((change) => change.before === before && change.after === after)}.1`;
      await suite.now.group(name, [address]);
      await cluster.create(name, from(name, { spec: spec(before, 'IPv4') }));
      await cluster.untilAddresses(name, [address]);
      await cluster.patch(name, { spec: { ipFamilyPolicy: after } });
      if (after === 'RequireDualStack') {
        const without = await cluster.untilRefused(name, 'FamilyNotInGroup');
        expect(addressesOf(without)).toEqual([address]);
        await cluster.patch(name, { spec: { ipFamilyPolicy: before } });
      } else {
        await suite.now.caughtUp();
      }
      expect(addressesOf(await cluster.untilAddresses(name, [address]))).toEqual([address]);
    },
  );

  it('and gives the second one back for others', async () => {
    const { cluster } = suite.now;
    await suite.now.group('giver', ['10.8.0.1-10.8.0.2', '2001:db8:8::1']);
    await cluster.create('giver', from('giver', { spec: { ...REQUIRE, ipFamilies: FOUR_FIRST } }));
    await cluster.untilAddresses('giver', ['10.8.0.1', '2001:db8:8::1']);
    await cluster.create('taker', from('giver', { spec: { ...REQUIRE, ipFamilies: SIX_FIRST } }));
    const waiting = await cluster.untilRefused('taker', 'PoolExhausted');
    expect(addressesOf(waiting)).toEqual([]);
    await cluster.patch('giver', { spec: { ipFamilyPolicy: 'SingleStack' } });
    await cluster.untilAddresses('taker', ['2001:db8:8::1', '10.8.0.2']);
    await cluster.untilAddresses('giver', ['10.8.0.1']);
  });
});
