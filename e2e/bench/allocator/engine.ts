import type { GroupView, ServiceView } from '@fairlead/ipam';
import { AllocationEngine } from '@fairlead/ipam';
import type { Figure } from '../figures.ts';

/** Services that have addresses while an operation is measured. */
const HELD = 100_000;
const OPERATIONS = 100_000;
/** The best of so many rounds: the first ones are compiled in. */
const ROUNDS = 3;

function group(ranges: readonly string[]): GroupView {
  return {
    name: 'default',
    uid: 'group',
    createdAt: 0,
    spec: {
      pools: ranges.map((range) => ({ range, avoidBuggyIPs: false })),
      assign: { auto: true, priority: 0, sharing: 'Cluster', serviceSelector: { matchLabels: { tier: 'web' } } },
      draining: false,
      announce: { mode: 'Auto', takeBack: 'Never', onConflict: 'Defend', takeOver: 'WhenSilent' },
    },
  };
}

function service(index: number, families: ServiceView['families']): ServiceView {
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
  };
}

interface Scenario {
  readonly what: string;
  readonly ranges: readonly string[];
  readonly families: ServiceView['families'];
  /** Services that wait for an address while others come and go. */
  readonly waiting?: number;
}

const SCENARIOS: readonly Scenario[] = [
  { what: 'a pool with room (10.0.0.0/8)', ranges: ['10.0.0.0/8'], families: ['IPv4'] },
  { what: 'IPv6, a /48', ranges: ['2001:db8::/48'], families: ['IPv6'] },
  { what: 'dual stack', ranges: ['10.0.0.0/8', '2001:db8::/48'], families: ['IPv4', 'IPv6'] },
  {
    what: 'a full pool with 10,000 in line',
    ranges: ['10.0.0.0-10.1.134.159'],
    families: ['IPv4'],
    waiting: 10_000,
  },
];

/** Milliseconds of CPU that this thread has had: what else the machine does is no property of the engine. */
function threadTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** Operations in a second of the thread: each a Service that comes, or goes, and all that follows from it. */
function measure({ ranges, families, waiting = 0 }: Scenario): number {
  const engine = new AllocationEngine({ groups: [group(ranges)], services: [], namespaces: [['default', {}]] });
  const services = Array.from({ length: HELD + waiting + OPERATIONS / 2 }, (_, index) => service(index, families));
  const before = HELD + waiting;
  for (const view of services.slice(0, before)) {
    engine.apply({ type: 'service-upserted', service: view });
  }
  const begun = threadTime();
  for (let operation = 0; operation < OPERATIONS / 2; operation += 1) {
    const view = services[before + operation];
    if (view !== undefined) {
      engine.apply({ type: 'service-upserted', service: view });
    }
    engine.apply({ type: 'service-deleted', key: `default/s${operation}` });
  }
  const seconds = (threadTime() - begun) / 1_000;
  const { addresses } = engine.sizes;
  if (addresses !== HELD * families.length) {
    throw new Error(`the engine holds ${addresses} addresses, not ${HELD * families.length}`);
  }
  return OPERATIONS / seconds;
}

/** The engine alone, with 100,000 Services held. */
export function measureEngine(): Figure[] {
  return SCENARIOS.map((scenario) => ({
    what: `engine, 100,000 Services held, ${scenario.what}: operations in a second of CPU`,
    value: Math.max(...Array.from({ length: ROUNDS }, () => measure(scenario))),
    unit: 'per second',
    atLeast: 100_000,
  }));
}
