import type { GroupView, ServiceView } from '@fairlead/ipam';
import { AllocationEngine } from '@fairlead/ipam';
import type { Figure } from '../figures.ts';
import { quantile } from '../figures.ts';

/** Services that have addresses while an operation is measured. */
const HELD = 100_000;
const OPERATIONS = 100_000;
/** The best of so many rounds: the first ones are compiled in. */
const ROUNDS = 3;
/** What a ratio is made of is measured so often, by turns: what else the machine does then meets both alike. */
const TURNS = 5;

type Sharing = ServiceView['ports'][];

interface Scenario {
  readonly what: string;
  readonly groups: readonly GroupView[];
  /** What Services look like, by their number. */
  readonly service: (index: number) => ServiceView;
  /** Services that wait for an address while others come and go. */
  readonly waiting?: number;
  readonly held?: number;
}

/** A group whose selector has to be looked at for each Service. */
function group(name: string, ranges: readonly string[], assign: Partial<GroupView['spec']['assign']> = {}): GroupView {
  return {
    name,
    uid: `group-${name}`,
    createdAt: 0,
    spec: {
      pools: ranges.map((range) => ({ range, avoidBuggyIPs: false })),
      assign: {
        auto: true,
        priority: 0,
        sharing: 'Cluster',
        serviceSelector: { matchLabels: { tier: 'web' } },
        ...assign,
      },
      draining: false,
      announce: { mode: 'Auto', takeBack: 'Never', onConflict: 'Defend', takeOver: 'WhenSilent' },
    },
  };
}

function service(index: number, more: Partial<ServiceView> = {}): ServiceView {
  const families = more.families ?? ['IPv4'];
  return {
    key: `default/s${index}`,
    namespace: 'default',
    name: `s${index}`,
    uid: `uid-${index}`,
    resourceVersion: String(index),
    createdAt: index,
    role: 'ours',
    families,
    policy: families.length === 2 ? 'RequireDualStack' : 'SingleStack',
    ports: ['TCP/80', 'TCP/443'],
    externalTrafficPolicy: 'Cluster',
    selector: '[["app","web"]]',
    labels: { tier: 'web' },
    reallocate: false,
    observed: { addresses: [], wellFormed: true },
    ...more,
  };
}

/** One item of a list by number, over and over. */
function pick<T>(list: readonly [T, ...T[]], index: number): T {
  return list[index % list.length] ?? list[0];
}

/** 50 groups, each for Services of one colour and, after those, one for all; by priority. */
const COLOURS = Array.from({ length: 49 }, (_, index) => `colour-${index}`);
const MANY_GROUPS: readonly GroupView[] = [
  ...COLOURS.map((colour, index) =>
    group(`g${index}`, [`10.${index}.0.0/16`, `2001:db8:${index}::/48`], {
      priority: index % 5,
      namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'In', values: ['a', 'b'] }] },
      serviceSelector: { matchLabels: { colour } },
    }),
  ),
  group('rest', ['10.200.0.0/14', '2001:db8:ffff::/48'], { priority: 9 }),
];

const ONE: readonly GroupView[] = [group('default', ['10.0.0.0/8', '2001:db8::/32'])];
const THREE_PORTS: Sharing = [['TCP/80'], ['TCP/443'], ['UDP/53']];
const DUAL = ['IPv4', 'IPv6'] as const;

function mixed(index: number): ServiceView {
  const colour = `colour-${index % 60}`;
  const families = pick<ServiceView['families']>([['IPv4'], ['IPv6'], DUAL], index);
  const sharing = index % 4 === 0 ? { sharingKey: `key-${index % 1_000}`, ports: [`TCP/${index % 50}`] } : {};
  const requested = index % 7 === 0 && index % 4 !== 0 ? { group: 'rest' } : {};
  return service(index, { families, labels: { tier: 'web', colour }, ...sharing, ...requested });
}

const SCENARIOS: readonly Scenario[] = [
  { what: 'a pool with room (10.0.0.0/8)', groups: ONE, service },
  { what: 'IPv6, a /32', groups: ONE, service: (index) => service(index, { families: ['IPv6'] }) },
  { what: 'dual stack', groups: ONE, service: (index) => service(index, { families: DUAL }) },
  {
    what: 'a full pool with 10,000 in line',
    groups: [group('default', ['10.0.0.0-10.1.134.159'])],
    service,
    waiting: 10_000,
  },
  {
    what: 'sharing: one key, three ports, so that three Services meet on each address',
    groups: ONE,
    service: (index) => service(index, { sharingKey: 'k', ports: THREE_PORTS[index % 3] ?? [] }),
  },
  {
    what: 'sharing: one key and one port, so that each Service needs an address of its own',
    groups: ONE,
    service: (index) => service(index, { sharingKey: 'k', ports: ['TCP/80'] }),
  },
  {
    what: 'sharing: one key and a port of its own each, so that all meet on one address',
    groups: ONE,
    service: (index) => service(index, { sharingKey: 'k', ports: [`TCP/${index}`] }),
  },
  {
    what: 'sharing: a full pool, 10,000 in line with one key and the same port',
    groups: [group('default', ['10.0.0.0-10.1.134.159'])],
    service: (index) => service(index, { sharingKey: 'k', ports: ['TCP/80', `TCP/${1_000 + (index % 50)}`] }),
    waiting: 10_000,
  },
  {
    what: '50 groups with selectors and priorities',
    groups: MANY_GROUPS,
    service: (index) => service(index, { labels: { tier: 'web', colour: `colour-${index % 60}` } }),
  },
  { what: '50 groups, families, sharing and named groups mixed', groups: MANY_GROUPS, service: mixed },
];

/** Milliseconds of CPU that this thread has had: what else the machine does is no property of the engine. */
function threadTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** An engine with as many Services as the scenario holds, and those that wait. */
function filled({ groups, service: make, waiting = 0, held = HELD }: Scenario): AllocationEngine {
  const engine = new AllocationEngine({ groups, services: [], namespaces: [['default', { team: 'a' }]] });
  for (let index = 0; index < held + waiting; index += 1) {
    engine.apply({ type: 'service-upserted', service: make(index) });
  }
  return engine;
}

/** Operations in a second of the thread: each a Service that comes, or goes, and all that follows from it. */
function measure(scenario: Scenario): number {
  const { service: make, waiting = 0, held = HELD } = scenario;
  const before = held + waiting;
  // Made first, so that their memory is no young memory when the clock runs.
  const coming = Array.from({ length: OPERATIONS / 2 }, (_, index) => make(before + index));
  const engine = filled(scenario);
  const begun = threadTime();
  for (const [index, view] of coming.entries()) {
    engine.apply({ type: 'service-upserted', service: view });
    engine.apply({ type: 'service-deleted', key: `default/s${index}` });
  }
  const seconds = (threadTime() - begun) / 1_000;
  if (engine.sizes.services !== before || engine.sizes.waiting !== waiting) {
    const { services, waiting: inLine } = engine.sizes;
    throw new Error(`${scenario.what}: the engine has ${services} Services and ${inLine} in line`);
  }
  return OPERATIONS / seconds;
}

/** How many times as long an operation of the first takes as one of the second, the middle one of some turns. */
function ratio(first: Scenario, second: Scenario): number {
  return quantile(
    Array.from({ length: TURNS }, () => measure(second) / measure(first)),
    0.5,
  );
}

const HELD_FOR_RATIO = 65_000;
const FOUR: Scenario = {
  what: 'an IPv4 /16',
  groups: [group('default', ['10.0.0.0/16'])],
  service,
  held: HELD_FOR_RATIO,
};
const SIX: Scenario = {
  what: 'an IPv6 /48',
  groups: [group('default', ['2001:db8::/48'])],
  service: (index) => service(index, { families: ['IPv6'] }),
  held: HELD_FOR_RATIO,
};
/** As many Services as in the full one, so that memory costs both the same. */
const EMPTY: Scenario = { what: 'a pool that is all but empty', groups: [group('default', ['10.0.0.0/8'])], service };
/** Whoever comes finds nothing, and gets what the next one leaves. */
const FULL: Scenario = {
  what: 'a full pool',
  groups: [group('default', ['10.0.0.0-10.1.134.159'])],
  service,
  waiting: 1,
};

/** Milliseconds of the thread for one edit of a group while so many wait, the shortest of some. */
function groupEdit(waiting: number): number {
  const first = group('default', ['10.0.0.0-10.0.39.15']);
  const engine = filled({ what: 'a full group', groups: [first], service, waiting, held: 10_000 });
  return Math.min(
    ...Array.from({ length: TURNS }, (_, index) => {
      const begun = threadTime();
      engine.apply({ type: 'group-upserted', group: { ...first, createdAt: index } });
      return threadTime() - begun;
    }),
  );
}

/** The engine alone, with 100,000 Services held. */
export function measureEngine(): Figure[] {
  return [
    ...SCENARIOS.map((scenario): Figure => ({
      what: `engine, 100,000 Services held, ${scenario.what}: operations in a second of CPU`,
      value: Math.max(...Array.from({ length: ROUNDS }, () => measure(scenario))),
      unit: 'per second',
      atLeast: 100_000,
    })),
    {
      what: 'engine: an operation with a full pool, against one with a pool that is all but empty',
      value: ratio(FULL, EMPTY),
      unit: 'times',
      atMost: 2,
    },
    {
      what: 'engine: an operation with an IPv6 /48, against one with an IPv4 /16',
      value: ratio(SIX, FOUR),
      unit: 'times',
      atMost: 2,
    },
    {
      what: 'engine: an edit of a group that 10,000 Services have and 10,000 wait for, CPU',
      value: groupEdit(10_000),
      unit: 'ms',
      atMost: 500,
    },
  ];
}
