import {
  ADDRESSES_ALLOCATED,
  ALLOCATED_REASONS,
  API_VERSION,
  DEFAULT_LOAD_BALANCER_CLASS,
  REFUSALS,
  SERVICE_GROUP_REASONS,
} from '@fairlead/api';
import type { Condition } from '@fairlead/api';
import { sample } from 'fast-check';
import { seedOfRun } from '../../kube/random.ts';
import { ApiStatusError } from '../../lab/index.ts';
import type { KubernetesObject } from '../../lab/index.ts';
import { AllocatorCluster } from '../cluster.ts';
import type { RunningAllocator } from '../cluster.ts';
import { groupName, strangeGroup, strangeService } from './strange.ts';

const SERVICES = '/api/v1/namespaces/default/services';
const GROUPS = `/apis/${API_VERSION}/servicegroups`;
const COUNT = { services: 200, groups: 150, edits: 60 } as const;

const seed = seedOfRun();
let cluster: AllocatorCluster;
let allocator: RunningAllocator;

beforeAll(async () => {
  console.log(`strange texts with FAIRLEAD_SEED=${seed}`);
  cluster = await AllocatorCluster.start();
  await cluster.group('plain', { pools: [{ range: '198.18.0.0/24' }], assign: { auto: false } });
  await cluster.group('fuzzed', { pools: [{ range: '192.0.2.0/24' }, { range: '2001:db8::/64' }] });
  allocator = await cluster.allocator({ flags: ['--leader-elect=false'] });
  await cluster.create('plain-before', plain);
  await cluster.untilAddresses('plain-before', ['198.18.0.0']);
}, 60_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

const plain = { annotations: { 'fairlead.dev/service-group': 'plain' } };

interface Outcome {
  readonly name: string;
  /** Why the API server refused it; undefined: it took it. */
  readonly refusal: ApiStatusError | undefined;
}

/** Sends the requests, some at a time. */
async function send(
  requests: readonly { readonly name: string; readonly call: () => Promise<unknown> }[],
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const rest = [...requests];
  const lane = async (): Promise<void> => {
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      const { name, call } = next;
      try {
        await call();
        outcomes.push({ name, refusal: undefined });
      } catch (error) {
        if (!(error instanceof ApiStatusError)) {
          throw error;
        }
        outcomes.push({ name, refusal: error });
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  return outcomes;
}

function accepted(outcomes: readonly Outcome[]): ReadonlySet<string> {
  return new Set(outcomes.filter(({ refusal }) => refusal === undefined).map(({ name }) => name));
}

/** A refusal by the API server is the user's: it names the field and says what is wrong, and is no fault of a rule. */
function expectSentences(outcomes: readonly Outcome[]): void {
  for (const { refusal } of outcomes) {
    if (refusal !== undefined) {
      expect([400, 422]).toContain(refusal.status);
      expect(refusal.message).toMatch(/(spec|metadata)[.:[\w]|strict decoding|invalid/);
      expect(refusal.message).not.toMatch(/evaluat|no such (key|overload)|exceeds budget|panic/);
    }
  }
}

/** What both kinds have that are judged. */
interface Judged extends KubernetesObject {
  readonly metadata: KubernetesObject['metadata'] & { readonly generation?: number };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** Waits until each of them carries a judgement that passes. */
async function untilJudged(
  path: string,
  names: ReadonlySet<string>,
  isJudged: (object: Judged) => boolean,
): Promise<void> {
  const open = new Set(names);
  try {
    await cluster.plane.api.until<Judged>(
      path,
      (object) => {
        if (isJudged(object)) {
          open.delete(object.metadata.name);
        } else if (names.has(object.metadata.name)) {
          open.add(object.metadata.name);
        }
        return open.size === 0;
      },
      { timeoutMs: 30_000 },
    );
  } catch (error) {
    throw new Error(`not judged: ${[...open].slice(0, 5).join(', ')} of ${open.size}`, { cause: error });
  }
}

function isServiceJudged(service: Judged): boolean {
  const condition = service.status?.conditions?.find(({ type }) => type === ADDRESSES_ALLOCATED);
  const reasons = condition?.status === 'True' ? ALLOCATED_REASONS : REFUSALS;
  return condition !== undefined && condition.message !== '' && Object.hasOwn(reasons, condition.reason);
}

function isGroupJudged({ metadata, status }: Judged): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return (
    ready !== undefined &&
    ready.observedGeneration === metadata.generation &&
    ready.message !== '' &&
    Object.hasOwn(SERVICE_GROUP_REASONS, ready.reason)
  );
}

it('every group with strange texts is refused with a sentence, or has a condition', async () => {
  const specs = sample(strangeGroup, { seed, numRuns: COUNT.groups });
  const outcomes = await send(
    specs.map((spec, index) => {
      const name = groupName(index);
      const manifest = { apiVersion: API_VERSION, kind: 'ServiceGroup', metadata: { name }, spec };
      return { name, call: () => cluster.plane.api.create(GROUPS, manifest) };
    }),
  );
  expectSentences(outcomes);
  const taken = accepted(outcomes);
  console.log(`${taken.size} of ${COUNT.groups} groups passed the API server`);
  expect([taken.size > 5, taken.size < COUNT.groups]).toEqual([true, true]);
  await untilJudged(GROUPS, taken, isGroupJudged);
}, 60_000);

it('every Service with strange texts is refused with a sentence, or has a condition; a living one too', async () => {
  const inputs = sample(strangeService, { seed, numRuns: COUNT.services + COUNT.edits });
  const outcomes = await send(
    inputs.slice(0, COUNT.services).map(({ annotations, spec }, index) => {
      const name = `s-${index}`;
      const own = { type: 'LoadBalancer', loadBalancerClass: DEFAULT_LOAD_BALANCER_CLASS, ports: [{ port: 80 }] };
      const manifest = {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, annotations },
        spec: { ...own, ...spec },
      };
      return { name, call: () => cluster.plane.api.create(SERVICES, manifest) };
    }),
  );
  expectSentences(outcomes);
  const taken = accepted(outcomes);
  console.log(`${taken.size} of ${COUNT.services} Services passed the API server`);
  expect([taken.size > 50, taken.size < COUNT.services]).toEqual([true, true]);
  await untilJudged(SERVICES, taken, isServiceJudged);
  const edited = [...taken];
  const edits = await send(
    inputs.slice(COUNT.services).map(({ annotations }, index) => {
      const name = edited[index % edited.length] ?? '';
      return { name, call: () => cluster.patch(name, { metadata: { annotations } }) };
    }),
  );
  expectSentences(edits);
  await untilJudged(SERVICES, taken, isServiceJudged);
}, 90_000);

it('the allocator is well after all that, logged no error, and serves a plain Service', async () => {
  await cluster.create('plain-after', plain);
  await cluster.untilAddresses('plain-after', ['198.18.0.1']);
  await cluster.untilAddresses('plain-before', ['198.18.0.0']);
  const health = await Promise.all(['healthz', 'readyz', 'metrics'].map((path) => fetch(`${allocator.url}/${path}`)));
  expect(health.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(allocator.process.running).toBe(true);
  const errors = (await allocator.process.log()).split('\n').filter((line) => line.includes('"level":"error"'));
  expect(errors).toEqual([]);
});
