import { readFileSync } from 'node:fs';
import { parsePrefix } from '@fairlead/api';
import { ForeignInterfaceError, IPv6DisabledError } from '../apply/dummy-interface.ts';
import type { SettingsProblem } from '../cluster/last-good.ts';
import type { HostTrouble } from '../facts/host-settings.ts';
import { link } from '../facts/testing.ts';
import { findingsOf } from './findings.ts';
import type { Troubles } from './findings.ts';

const none: Troubles = {
  gate: 'open',
  gateURL: 'http://127.0.0.1:10256/healthz',
  hasSegments: true,
  settingsProblems: [],
  dummyKind: 'dummy',
  dummyInterface: 'kube-lb0',
  kernelProblem: undefined,
  refusedAggregates: [],
  usedByNetwork: [],
  host: { troubles: [], contested: [], daemons: [] },
  lifetime: { asked: 10_000, used: 10_000 },
  router: undefined,
  proxied: [],
  waiting: undefined,
};

test('without trouble there is one condition', () => {
  expect(findingsOf(none)).toEqual([
    { type: 'Ready', status: 'True', reason: 'Ready', message: 'the agent does all it should' },
  ]);
});

test('without rights it is not ready, and says what to do', () => {
  const kernelProblem = new Error('cannot add address …: add NET_ADMIN to the capabilities of its container');
  expect(findingsOf({ ...none, kernelProblem })).toMatchObject([
    {
      type: 'Ready',
      status: 'False',
      reason: 'KernelRefuses',
      message: expect.stringContaining('NET_ADMIN') as string,
    },
    { type: 'KernelRefuses', status: 'True' },
  ]);
});

test.each<[string, Partial<Troubles>, string]>([
  ['NoLocalInterface', { hasSegments: false }, 'default route'],
  ['InvalidInterface', { settingsProblems: [{ type: 'InvalidInterface', message: '"/(/" is …' }] }, '/(/'],
  ['DataPathUnchecked', { gate: 'unchecked' }, '--data-path-health'],
  ['NoDummyInterfaces', { dummyKind: 'ifb' }, 'modprobe dummy'],
  ['Contested', { host: { troubles: [], contested: ['192.0.2.9 of eth0'], daemons: [] } }, 'NetworkManager'],
  ['AddressLifetime', { lifetime: { asked: 10_000, used: 64_000 } }, '64 s'],
  [
    'ReversePathFilter',
    { host: { troubles: [{ type: 'ReversePathFilter', message: 'eth1 …' }], contested: [], daemons: [] } },
    'eth1',
  ],
  ['AddressInUse', { usedByNetwork: ['a', 'b', 'c', 'd', 'e', 'f'] }, 'and 1 more'],
  [
    'AggregateOverlap',
    {
      refusedAggregates: [
        {
          prefix: parsePrefix('10.0.0.0/16'),
          group: 'g',
          overlaps: { prefix: parsePrefix('10.0.1.0/24'), what: 'pod range 10.0.1.0/24' },
        },
      ],
    },
    '10.0.0.0/16 of ServiceGroup g covers pod range 10.0.1.0/24',
  ],
])('%s is named with what to do, and the agent stays ready', (type, over, words) => {
  const [ready, trouble] = findingsOf({ ...none, ...over });
  expect(ready?.status).toBe('True');
  expect(trouble).toMatchObject({ type, status: 'True', message: expect.stringContaining(words) as string });
});

test('no URL, nothing unchecked', () => {
  expect(findingsOf({ ...none, gate: 'unchecked', gateURL: undefined })).toHaveLength(1);
});

test('the router has a condition of its own', () => {
  const router = { ready: false, reason: 'Waiting', message: 'BIRD is not there' };
  expect(findingsOf({ ...none, router })).toContainEqual({
    type: 'RouterReady',
    status: 'False',
    reason: 'Waiting',
    message: 'BIRD is not there',
  });
});

test('who removes our addresses is told by the daemons that are seen, each with its cure', () => {
  const contested = ['a', 'b', 'c', 'd', 'e', 'f'];
  const host = { troubles: [], contested, daemons: ['systemd-networkd' as const] };
  const message = findingsOf({ ...none, host }).at(-1)?.message;
  expect(message).toContain('a; b; c; d; e and 1 more');
  expect(message).toContain('KeepConfiguration=yes');
  expect(message).not.toContain('NetworkManager');
});

test('a node whose interface answers no ARP is not ready', () => {
  const host = { troubles: [{ type: 'ARPIgnored' as const, message: 'eth0 …' }], contested: [], daemons: [] };
  expect(findingsOf({ ...none, host })[0]).toMatchObject({ status: 'False', reason: 'ARPIgnored' });
});

/** Complete by its type. */
const HOST_TROUBLES: Readonly<Record<HostTrouble['type'], true>> = {
  ARPIgnored: true,
  ARPAnnounce: true,
  IPVSWithoutStrictARP: true,
  ReversePathFilter: true,
  SecondariesLost: true,
};

const SETTINGS_PROBLEMS: Readonly<Record<SettingsProblem['type'], true>> = {
  InvalidInterface: true,
  InvalidDummyInterface: true,
};

test('an interface that is not ours is said once, and keeps the node from being ready', () => {
  const kernelProblem = new ForeignInterfaceError(link(3, 'kube-lb0', { kind: 'bridge' }));
  const settingsProblems = [{ type: 'InvalidDummyInterface', message: 'asked for' }] as const;
  const findings = findingsOf({ ...none, kernelProblem, settingsProblems });
  expect(findings).toMatchObject([
    { type: 'Ready', status: 'False', reason: 'InvalidDummyInterface' },
    { type: 'InvalidDummyInterface', message: expect.stringContaining('kube-lb0 is of kind bridge') as string },
  ]);
});

test('every condition that there can be is explained in docs/troubleshooting.md, and no other', () => {
  const prefix = parsePrefix('10.0.0.0/16');
  const troubles: Troubles = {
    gate: 'unchecked',
    gateURL: 'http://127.0.0.1:10256/healthz',
    hasSegments: false,
    settingsProblems: Object.keys(SETTINGS_PROBLEMS).map((type) => ({
      type: type as SettingsProblem['type'],
      message: '',
    })),
    dummyKind: 'ifb',
    dummyInterface: 'kube-lb0',
    kernelProblem: new Error('no'),
    refusedAggregates: [{ prefix, group: 'g', overlaps: { prefix, what: 'a subnet' } }],
    usedByNetwork: ['10.0.0.1'],
    host: {
      troubles: Object.keys(HOST_TROUBLES).map((type) => ({ type: type as HostTrouble['type'], message: '' })),
      contested: ['10.0.0.1 of eth0'],
      daemons: [],
    },
    lifetime: { asked: 1, used: 2 },
    router: { ready: false, reason: 'Waiting', message: '' },
    proxied: [{ interface: 'eth0', subnet: prefix, mac: '02:00:00:00:00:01' }],
    waiting: 'for something',
  };
  const everything = [
    ...findingsOf(troubles),
    ...findingsOf({ ...troubles, kernelProblem: new IPv6DisabledError(['net.ipv6.conf.kube-lb0.disable_ipv6=0']) }),
  ];
  const page = readFileSync(new URL('../../../../docs/troubleshooting.md', import.meta.url), 'utf8');
  const explained = Array.from(page.matchAll(/^\| `(\w+)`/gm), ([, type]) => type);
  const told = everything.map(({ type }) => type).filter((type) => type !== 'Ready');
  expect(new Set(explained)).toEqual(new Set(told));
  expect(page).toContain('`Ready`');
});
