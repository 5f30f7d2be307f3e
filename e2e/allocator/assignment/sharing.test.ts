import { EVENT_REASONS, SERVICE_ANNOTATIONS } from '@fairlead/api';
import { addressesOf, conditionOf } from '../cluster.ts';
import type { ServiceInput } from '../cluster.ts';
import { annotate, byAge, from, useAssignment } from './harness.ts';

const suite = useAssignment();

/** A Service with a sharing key and one port. */
function sharer(group: string, port: number, spec: Readonly<Record<string, unknown>> = {}): ServiceInput {
  return from(group, {
    annotations: { [SERVICE_ANNOTATIONS.allowSharedIP]: 'key' },
    spec: { ports: [{ port }], selector: { app: 'web' }, ...spec },
  });
}

/** Makes two Services that share an address; their names, the older first. */
async function pair(group: string, spec: Readonly<Record<string, unknown>> = {}): Promise<readonly [string, string]> {
  const { cluster } = suite.now;
  const created = await Promise.all(
    [80, 443].map((port) => cluster.create(`${group}-${port}`, sharer(group, port, spec))),
  );
  const [older = '', younger = ''] = byAge(created).map(({ metadata }) => metadata.name);
  const [a, b] = [await suite.now.served(older), await suite.now.served(younger)];
  expect(a.address).toBe(b.address);
  return [older, younger];
}

/** Edits after which two sharers cannot stay together. */
const CLASHES = [
  ['its policy', {}, { spec: { externalTrafficPolicy: 'Local' } }],
  ['its selector, with Local,', { externalTrafficPolicy: 'Local' }, { spec: { selector: { app: 'other' } } }],
  [
    'its ports',
    {},
    {
      spec: {
        ports: [
          { name: 'web', port: 80 },
          { name: 'tls', port: 443 },
        ],
      },
    },
  ],
  ['its key', {}, annotate({ [SERVICE_ANNOTATIONS.allowSharedIP]: 'other' })],
  ['its key for none', {}, annotate({ [SERVICE_ANNOTATIONS.allowSharedIP]: null })],
] as const;

describe('two Services share an address, and the one that was there first keeps it,', () => {
  let groups = 0;
  it.each(
    CLASHES.flatMap(([what, spec, edit]) => (['older', 'younger'] as const).map((who) => ({ what, spec, edit, who }))),
  )('when the $who one changes $what; the other gets another address', async ({ spec, edit, who }) => {
    const { cluster } = suite.now;
    groups += 1;
    const group = `pair-${groups}`;
    await suite.now.group(group, [`10.0.${groups}.1-10.0.${groups}.2`]);
    const [older, younger] = await pair(group, spec);
    const [address = ''] = addressesOf(await cluster.get(older));
    const patched = await cluster.patch(who === 'older' ? older : younger, edit);
    const moved = await cluster.until(younger, (object) => addressesOf(object)[0] !== address);
    expect(addressesOf(moved)).toEqual([`10.0.${groups}.2`]);
    expect(conditionOf(moved)?.status).toBe('True');
    const kept = await cluster.get(older);
    expect([addressesOf(kept), conditionOf(kept)?.status]).toEqual([[address], 'True']);
    expect(patched.metadata.name === older ? kept.metadata.resourceVersion : '').toBe(
      patched.metadata.name === older ? patched.metadata.resourceVersion : '',
    );
  });
});

it('who had to leave and finds no other address waits, says so, and comes back once they agree again', async () => {
  const { cluster } = suite.now;
  await suite.now.group('tight', ['10.1.0.1']);
  const [older, younger] = await pair('tight');
  await cluster.patch(younger, { spec: { externalTrafficPolicy: 'Local' } });
  const waiting = await cluster.untilRefused(younger, 'PoolExhausted');
  expect(addressesOf(waiting)).toEqual([]);
  expect((await cluster.untilEvent(younger, EVENT_REASONS.addressReleased)).note).toContain('10.1.0.1');
  await cluster.patch(older, { spec: { externalTrafficPolicy: 'Local' } });
  await cluster.untilAddresses(younger, ['10.1.0.1']);
  expect(addressesOf(await cluster.get(older))).toEqual(['10.1.0.1']);
});

it('Services with one key meet though there is room, and go on sharing when the first of them leaves', async () => {
  const { cluster } = suite.now;
  await suite.now.group('roomy', ['10.2.0.0/24']);
  const [older, younger] = await pair('roomy');
  const [address = ''] = addressesOf(await cluster.get(older));
  await cluster.delete(older);
  await cluster.create('roomy-third', sharer('roomy', 8080));
  await cluster.untilAddresses('roomy-third', [address]);
  expect(addressesOf(await cluster.get(younger))).toEqual([address]);
});

describe('a Service that asks for the address of another and cannot share it is told why and by whom, and gets it once mended:', () => {
  const local = { externalTrafficPolicy: 'Local' };
  it.each([
    ['AddressInUse', { key: null }, { key: null }, { key: null }],
    ['SharingKeyDiffers', { key: 'other' }, {}, { key: 'key' }],
    ['SharingPolicyDiffers', { spec: local }, {}, { spec: { externalTrafficPolicy: 'Cluster' } }],
    [
      'SharingSelectorDiffers',
      { spec: { ...local, selector: { app: 'x' } } },
      { spec: local },
      { spec: { selector: { app: 'web' } } },
    ],
    ['SharingPortClash', { port: 80 }, {}, { spec: { ports: [{ port: 443 }] } }],
  ] as const)('%s', async (token, second, first, mend) => {
    const { cluster } = suite.now;
    const group = token.toLowerCase();
    const address = `10.3.0.${token.length}`;
    await suite.now.group(group, [address]);
    const make = async (name: string, port: number, wish: { key?: string | null; spec?: object; port?: number }) => {
      const input = sharer(group, wish.port ?? port, { ...wish.spec });
      const key = wish.key === undefined ? {} : { [SERVICE_ANNOTATIONS.allowSharedIP]: wish.key ?? '' };
      const annotations = { ...input.annotations, ...key, [SERVICE_ANNOTATIONS.addresses]: address };
      await cluster.create(name, { ...input, annotations });
    };
    await make(`${group}-first`, 80, first);
    await suite.now.served(`${group}-first`);
    await make(`${group}-second`, 443, second);
    const refused = await cluster.untilRefused(`${group}-second`, token);
    expect(conditionOf(refused)?.message).toContain(`${address}: Service default/${group}-first`);
    const both = token === 'AddressInUse' ? [`${group}-first`, `${group}-second`] : [`${group}-second`];
    const key = token === 'AddressInUse' ? 'key' : 'key' in mend ? mend.key : undefined;
    const annotations = key === undefined ? {} : { [SERVICE_ANNOTATIONS.allowSharedIP]: key };
    for (const name of both) {
      await cluster.patch(name, { metadata: { annotations }, ...('spec' in mend ? { spec: mend.spec } : {}) });
    }
    await cluster.untilAddresses(`${group}-second`, [address]);
    expect(addressesOf(await cluster.get(`${group}-first`))).toEqual([address]);
  });
});

describe('sharing over namespaces', () => {
  beforeAll(async () => {
    await suite.now.cluster.namespace('shop');
  });

  it('is allowed unless the group says otherwise', async () => {
    const { cluster } = suite.now;
    await suite.now.group('open', ['10.4.0.0/24']);
    await cluster.create('open', sharer('open', 80));
    const { address } = await suite.now.served('open');
    await cluster.create('shop/open', sharer('open', 443));
    expect((await suite.now.served('shop/open')).address).toBe(address);
  });

  it('is refused where the group says `assign.sharing: Namespace`: another address, or the reason where one is asked for', async () => {
    const { cluster } = suite.now;
    await suite.now.group('closed', ['10.5.0.0/24'], { assign: { auto: false, sharing: 'Namespace' } });
    await cluster.create('closed', sharer('closed', 80));
    const { address } = await suite.now.served('closed');
    await cluster.create('shop/closed', sharer('closed', 443));
    expect((await suite.now.served('shop/closed')).address).not.toBe(address);
    await cluster.create('closed-same', sharer('closed', 8080));
    await cluster.untilAddresses('closed-same', [address]);
    const asking = sharer('closed', 8443);
    const annotations = { ...asking.annotations, [SERVICE_ANNOTATIONS.addresses]: address };
    await cluster.create('shop/asking', { ...asking, annotations });
    const refused = await cluster.untilRefused('shop/asking', 'SharingNamespaceDiffers');
    expect(conditionOf(refused)?.message).toContain(`${address}: Service default/closed`);
    await suite.now.editGroup('closed', { assign: { sharing: 'Cluster' } });
    await cluster.untilAddresses('shop/asking', [address]);
  });

  it('goes on where it is when the group forbids it later', async () => {
    const { cluster } = suite.now;
    await suite.now.group('later', ['10.6.0.0/24']);
    await cluster.create('later', sharer('later', 80));
    const { address } = await suite.now.served('later');
    await cluster.create('shop/later', sharer('later', 443));
    await cluster.untilAddresses('shop/later', [address]);
    await suite.now.editGroup('later', { assign: { sharing: 'Namespace' } });
    await suite.now.untilGroupSays('later', { status: 'True' });
    await cluster.create('shop/late', sharer('later', 8080));
    expect((await suite.now.served('shop/late')).address).not.toBe(address);
    await cluster.untilAddresses('shop/later', [address]);
    await cluster.untilAddresses('later', [address]);
  });
});
